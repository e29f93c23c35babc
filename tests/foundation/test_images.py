"""Images: what is drawn of the files that people send, and which are refused."""

import zlib
from collections.abc import Iterator
from io import BytesIO
from struct import pack

import pytest
from PIL import Image

from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.images import SIZE, Images, NoPicture
from oidc_server.settings.accounts import PictureSettings
from tests.pictures import RED, written


@pytest.fixture
def images() -> Iterator[Images]:
    made = Images(PictureSettings())
    yield made
    made.stop()


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content), formats=["WEBP"])
    image.load()
    return image


def bomb(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    head = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


#: What there is; and in which modes a JPEG, say, can be written.
KINDS = {
    "JPEG": ["RGB", "L", "CMYK", "1"],
    "PNG": ["RGB", "RGBA", "L", "P", "1", "LA", "I;16"],
    "WEBP": ["RGB", "RGBA", "L", "P", "CMYK", "1", "LA", "I;16"],
    "GIF": ["RGB", "RGBA", "L", "P", "1", "LA", "I;16"],
}


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in KINDS.items() for mode in modes])
async def test_every_kind_of_picture_becomes_a_small_square_one(images: Images, kind: str, mode: str) -> None:
    content = written(kind, mode=mode, size=(300, 500))

    drawn = opened(await images.draw(content))

    assert drawn.size == (SIZE, SIZE)


async def test_of_a_film_the_first_frame_is_drawn(images: Images) -> None:
    frames = [Image.new("RGB", (90, 90), colour) for colour in ("red", "blue")]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])

    drawn = opened(await images.draw(out.getvalue()))

    assert getattr(drawn, "n_frames", 1) == 1
    red, _, blue = drawn.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red > 200 > 50 > blue


async def test_a_picture_is_the_right_way_up_and_tells_nothing_of_where_it_was_taken(images: Images) -> None:
    photo = Image.new("RGB", (600, 300), "blue")
    photo.paste(RED, (0, 0, 600, 150))
    about = Image.Exif()
    about[0x0112] = 3
    about[0x010E] = "taken at home"
    out = BytesIO()
    photo.save(out, "JPEG", exif=about, comment=b"secret words", icc_profile=b"a profile")

    content = await images.draw(out.getvalue())

    drawn = opened(content)
    assert drawn.convert("RGB").getpixel((128, 5))[2] > 200  # type: ignore[index]
    assert not drawn.getexif()
    assert not {"exif", "xmp", "icc_profile", "comment"} & set(drawn.info)
    for hidden in (b"taken at home", b"secret words", b"a profile", b"EXIF"):
        assert hidden not in content


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"PK\x03\x04 a jar", b"%PDF-1.7", b"<?php system(1);"])
async def test_what_else_a_file_is_besides_a_picture_is_not_kept(images: Images, tail: bytes) -> None:
    for kind in ("JPEG", "PNG", "GIF"):
        assert tail not in await images.draw(written(kind) + tail)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\xff\xff\xff\xffWEBP",
    ],
)
async def test_what_is_no_picture_is_refused(images: Images, content: bytes) -> None:
    with pytest.raises(NoPicture):
        await images.draw(content)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "ICO", "PPM", "AVIF", "JPEG2000", "TGA"])
async def test_formats_that_nobody_needs_here_are_refused(images: Images, kind: str) -> None:
    with pytest.raises(NoPicture):
        await images.draw(written(kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
async def test_a_file_that_ends_too_early_is_refused(images: Images, kind: str) -> None:
    whole = written(kind, size=(400, 400), noisy=True)
    for length in range(1, len(whole) - 100, len(whole) // 25):
        with pytest.raises(NoPicture):
            await images.draw(whole[:length])


@pytest.mark.parametrize("size", [(6000, 6000), (60_000, 60_000), (2_000_000, 20), (0, 5)])
async def test_a_bomb_is_refused_before_it_goes_off(images: Images, size: tuple[int, int]) -> None:
    with pytest.raises(NoPicture):
        await images.draw(bomb(*size))


async def test_a_damaged_file_is_refused_and_nothing_else_happens(images: Images) -> None:
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        whole = written(kind, size=(200, 200), noisy=True)
        for place in range(0, len(whole), max(1, len(whole) // 40)):
            damaged = bytearray(whole)
            damaged[place] ^= 0xFF
            try:
                assert opened(await images.draw(bytes(damaged))).size == (SIZE, SIZE)
            except NoPicture:
                continue


async def test_when_too_many_wait_the_next_one_is_told_to_come_back() -> None:
    full = Images(PictureSettings(workers=1, queue=1))
    full._busy = 2
    with pytest.raises(Unavailable):
        await full.draw(written("PNG"))
    full.stop()
