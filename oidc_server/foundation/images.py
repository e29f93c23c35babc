"""Images that people send: drawn anew, small and square, in threads of their own. The one door to Pillow.

Nothing of the file itself is kept: what was hidden in it (a place, a script, another file) is not drawn.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING

from oidc_server.foundation.deferred import Deferred
from oidc_server.foundation.errors import Refused, Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.settings.accounts import PictureSettings

if TYPE_CHECKING:
    from PIL import Image, ImageOps
else:
    Image = Deferred("PIL.Image")
    ImageOps = Deferred("PIL.ImageOps")

MEDIA_TYPE = "image/webp"
SIZE = 256
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITY = 85
_RETRY_AFTER_SECONDS = 3

_UNREADABLE = N_("This file is no picture that can be read here. Choose a JPEG, PNG, WebP or GIF file.")
_TOO_LARGE = N_("This picture is too large. Make it smaller, and try again.")


class NoPicture(Refused):
    """A file that is not drawn."""


class Images:
    """Draws what people send."""

    def __init__(self, settings: PictureSettings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="images")
        self._busy = 0

    async def draw(self, content: bytes) -> bytes:
        """A file's picture, or its first frame, as a small square WebP; NoPicture, or Unavailable when too many wait."""
        if self._busy >= self._settings.workers + self._settings.queue:
            told = N_("Too many people are doing this right now. Please try again in a moment.")
            raise Unavailable(told, because="image queue is full", retry_after=_RETRY_AFTER_SECONDS)
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._draw, content)
        finally:
            self._busy -= 1

    def stop(self) -> None:
        """Give the threads back."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _draw(self, content: bytes) -> bytes:
        try:
            with Image.open(BytesIO(content), formats=_FORMATS) as image:
                # So far only the head was read; it says how much memory the rest would take.
                if image.width * image.height > self._settings.max_pixels:
                    raise NoPicture(_TOO_LARGE, because=f"{image.width} x {image.height} pixels")
                return _written(_square(image))
        except NoPicture:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise NoPicture(_TOO_LARGE, because=str(error)) from error
        except Exception as error:
            # Whatever a decoder stumbles over, it is the file's fault.
            raise NoPicture(_UNREADABLE, because=f"{type(error).__name__}: {error}"[:200]) from error


def _square(image: "Image.Image") -> "Image.Image":
    """The middle of it, the right way up."""
    # A JPEG is decoded in a fraction of its size already.
    image.draft("RGB", (2 * SIZE, 2 * SIZE))
    mode = "RGBA" if image.has_transparency_data else "RGB"
    drawn = image if image.mode == mode else image.convert(mode)
    return ImageOps.fit(ImageOps.exif_transpose(drawn), (SIZE, SIZE))


def _written(square: "Image.Image") -> bytes:
    square.info.clear()
    out = BytesIO()
    square.save(out, "WEBP", quality=_QUALITY, exif=b"", xmp=b"", icc_profile=b"")
    return out.getvalue()
