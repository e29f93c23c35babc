"""The hallway: the pages on which people sign in and those of their own, put together; composition only."""

from fastapi import APIRouter

from oidc_server.accounts.enrolment import Enrolment
from oidc_server.accounts.pages import routes as account_routes
from oidc_server.accounts.pages import self_service_routes
from oidc_server.accounts.pages.account.data import DataPage
from oidc_server.accounts.pages.account.email import EmailPage
from oidc_server.accounts.pages.account.frame import Frame
from oidc_server.accounts.pages.account.linked_upstreams import LinkedUpstreamsPage
from oidc_server.accounts.pages.account.password import PasswordPage
from oidc_server.accounts.pages.account.picture import PicturePage
from oidc_server.accounts.pages.add_factor import AddFactorPage
from oidc_server.accounts.pages.entrance import Entrance
from oidc_server.accounts.pages.first_administrator import FirstAdministratorPage
from oidc_server.accounts.pages.home import HomePage
from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.accounts.pages.language import LanguageChoice
from oidc_server.accounts.pages.login import LoginPage
from oidc_server.accounts.pages.second_factor import SecondFactorPage
from oidc_server.accounts.pages.select_account import SelectAccountPage
from oidc_server.accounts.pages.standing import Standings
from oidc_server.accounts.pages.steps import Steps
from oidc_server.accounts.pages.trust import Trust
from oidc_server.accounts.pages.upstream import UpstreamPage
from oidc_server.accounts.visitors import Visitors
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages
from oidc_server.house import House
from oidc_server.projects.ownership import Ownership
from oidc_server.projects.pages import routes as project_routes
from oidc_server.projects.pages.projects import ProjectsPage
from oidc_server.projects.rules import Rules


def build(house: House, pages: Pages, visitors: Visitors, error_pages: ErrorPages, projects: Rules) -> APIRouter:
    """The pages on which people sign in, and those of their own."""
    settings, factors, rules = house.settings, house.second_factors, house.self_service.rules
    trust = Trust(settings, house.sealing)
    steps = Steps(settings, house.sealing, pages, trust)
    browsers = KnownBrowsers(settings, house.sealing, house.self_service.letters)
    entrance = Entrance(house.database, house.sealing, pages, visitors, steps, browsers)
    standings = Standings(settings, house.database, house.sealing, pages, visitors, steps, entrance, house.registry)
    enrolment = Enrolment(settings, house.sealing, factors.passkeys, house.letters)
    elsewhere = LinkedUpstreamsPage.is_for(house.database, house.upstreams)
    own_projects = ProjectsPage.section(projects.book)
    frame = Frame(settings, house.database, house.sealing, pages, visitors, own_projects, elsewhere)
    login = LoginPage(
        settings,
        house.database,
        house.sealing,
        pages,
        house.registry,
        house.upstreams,
        house.sign_in,
        entrance,
        factors,
        browsers,
    )
    linking = LinkedUpstreamsPage(frame, house.sealing, house.upstreams, house.conversation, house.letters)
    pages_of_accounts = account_routes.build(
        home=HomePage(house.database, pages, visitors),
        login=login,
        second_factor=SecondFactorPage(house.database, pages, standings, factors, trust, browsers),
        add_factor=AddFactorPage(house.database, pages, standings, enrolment),
        upstream=UpstreamPage(
            house.database,
            house.sealing,
            house.trail,
            house.conversation,
            login,
            entrance,
            linking,
            house.upstream_people,
        ),
        select_account=SelectAccountPage(settings, house.database, house.sealing, pages, house.registry, visitors),
        first_administrator=FirstAdministratorPage(
            settings, house.database, house.sealing, pages, error_pages, house.passwords, rules
        ),
        frame=frame,
        language=LanguageChoice(pages, house.sealing),
        registry=house.registry,
        data=DataPage(frame, settings.privacy, Ownership()),
        enrolment=enrolment,
        keys=factors.passkeys,
        password=PasswordPage(frame, house.password_change, browsers),
        email=EmailPage(frame, house.self_service, can_mail=settings.can_mail),
        picture=PicturePage(frame, house.images, settings),
    )
    self_service = self_service_routes.build(
        settings,
        house.database,
        house.sealing,
        pages,
        error_pages,
        house.self_service,
        entrance,
        house.registry,
        browsers,
    )
    pages_of_accounts.include_router(self_service)
    pages_of_accounts.include_router(project_routes.build(frame, projects))
    return pages_of_accounts
