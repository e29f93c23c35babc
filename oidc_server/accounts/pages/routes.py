"""Which path leads to which page."""

from fastapi import APIRouter

from oidc_server.accounts import pictures
from oidc_server.accounts.enrolment import Enrolment
from oidc_server.accounts.first_administrator import PATH
from oidc_server.accounts.pages.account.apps import AppsPage
from oidc_server.accounts.pages.account.authenticator import AuthenticatorPage
from oidc_server.accounts.pages.account.data import DataPage
from oidc_server.accounts.pages.account.email import EmailPage
from oidc_server.accounts.pages.account.frame import Frame
from oidc_server.accounts.pages.account.history import HistoryPage
from oidc_server.accounts.pages.account.overview import OverviewPage
from oidc_server.accounts.pages.account.passkeys import PasskeysPage
from oidc_server.accounts.pages.account.password import PasswordPage
from oidc_server.accounts.pages.account.picture import PicturePage
from oidc_server.accounts.pages.account.profile import ProfilePage
from oidc_server.accounts.pages.account.security import SecurityPage
from oidc_server.accounts.pages.account.sessions import SessionsPage
from oidc_server.accounts.pages.add_factor import AddFactorPage
from oidc_server.accounts.pages.first_administrator import FirstAdministratorPage
from oidc_server.accounts.pages.home import HomePage
from oidc_server.accounts.pages.language import LanguageChoice
from oidc_server.accounts.pages.login import LoginPage
from oidc_server.accounts.pages.second_factor import SecondFactorPage
from oidc_server.accounts.pages.select_account import SelectAccountPage
from oidc_server.accounts.pages.upstream import UpstreamPage
from oidc_server.accounts.passkeys import Passkeys
from oidc_server.clients.registry import Registry
from oidc_server.foundation.web.routing import mount


def build(
    *,
    home: HomePage,
    login: LoginPage,
    second_factor: SecondFactorPage,
    add_factor: AddFactorPage,
    upstream: UpstreamPage,
    select_account: SelectAccountPage,
    first_administrator: FirstAdministratorPage,
    frame: Frame,
    language: LanguageChoice,
    registry: Registry,
    data: DataPage,
    enrolment: Enrolment,
    keys: Passkeys,
    password: PasswordPage,
    email: EmailPage,
    picture: PicturePage,
) -> APIRouter:
    """The router of every page."""
    router = APIRouter()
    _mount_account(router, frame, registry, data)
    _mount_factors(router, frame, enrolment, keys)
    mount(router, "/account/password", get=password.show_form, post=password.submit_password)
    mount(router, "/account/email", get=email.show_form, post=email.submit_email)
    mount(router, "/account/picture", get=picture.show_form, post=picture.submit_picture)
    mount(router, "/account/picture/remove", post=picture.remove)
    mount(router, f"/{pictures.PATH}/{{picture_id}}", get=picture.serve)
    mount(router, "/", get=home.show_home)
    mount(router, "/login", get=login.show_login, post=login.submit_login)
    mount(router, "/login/passkey", post=login.submit_passkey)
    mount(router, "/login/second-factor", get=second_factor.show_question, post=second_factor.submit_answer)
    mount(router, "/login/add-factor", get=add_factor.show_secret, post=add_factor.submit_code)
    mount(router, "/account/upstreams", get=upstream.linking.show_linked, post=upstream.linking.submit_change)
    mount(router, "/login/upstream/{slug}", post=upstream.submit_choice)
    mount(router, "/login/upstream/{slug}/callback", get=upstream.take_answer)
    mount(router, "/language", post=language.choose)
    mount(router, "/select-account", get=select_account.show_accounts, post=select_account.submit_choice)
    mount(router, PATH, get=first_administrator.show_form, post=first_administrator.submit_form)
    return router


def _mount_account(router: APIRouter, frame: Frame, registry: Registry, data: DataPage) -> None:
    """A person's own pages."""
    overview, own, sessions = OverviewPage(frame), ProfilePage(frame), SessionsPage(frame)
    apps, past = AppsPage(frame, registry), HistoryPage(frame)
    mount(router, "/account", get=overview.show_overview)
    mount(router, "/account/profile", get=own.show_profile, post=own.submit_profile)
    mount(router, "/account/sessions", get=sessions.show_sessions, post=sessions.end_sessions)
    mount(router, "/account/apps", get=apps.show_apps, post=apps.withdraw)
    mount(router, "/account/history", get=past.show_history)
    mount(router, "/account/data", get=data.show_data, post=data.download)
    mount(router, "/account/delete", get=data.show_deletion, post=data.submit_deletion)


def _mount_factors(router: APIRouter, frame: Frame, enrolment: Enrolment, keys: Passkeys) -> None:
    """How a person signs in."""
    security = SecurityPage(frame, enrolment, keys)
    authenticator = AuthenticatorPage(frame, security, enrolment)
    passkeys = PasskeysPage(frame, security, enrolment, keys)
    mount(router, "/account/security", get=security.show_security)
    mount(router, "/account/security/recovery-codes", post=security.make_recovery_codes)
    mount(router, "/account/security/browsers/remove", post=security.distrust)
    mount(router, "/account/security/authenticator", get=authenticator.show_secret, post=authenticator.submit_code)
    mount(router, "/account/security/authenticator/remove", post=authenticator.remove)
    mount(router, "/account/security/passkeys", get=passkeys.show_form, post=passkeys.submit_passkey)
    mount(router, "/account/security/passkeys/remove", post=passkeys.remove)
