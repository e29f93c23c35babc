"""Pictures that tests send."""

from io import BytesIO

from PIL import Image

RED = (220, 20, 20)


def written(kind: str = "PNG", *, mode: str = "RGB", size: tuple[int, int] = (64, 64), noisy: bool = False) -> bytes:
    """A file with a picture in it: a red one, or one that doesn't compress."""
    image = Image.effect_noise(size, 90).convert("RGB") if noisy else Image.new("RGB", size, RED)
    out = BytesIO()
    if mode == "I;16":
        image = image.convert("L")
    image.convert(mode).save(out, kind)
    return out.getvalue()
