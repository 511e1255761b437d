from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from annotate.review.pictures import MAX_SIDE_PX, make_picture


def encoded(size, form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("size", [(3000, 400), (400, 3000)])
def test_a_large_picture_is_made_small_in_its_own_shape(size):
    picture = make_picture(encoded(size), "0" * 64)
    shown = Image.open(io.BytesIO(picture.content))
    assert max(shown.size) == MAX_SIDE_PX
    assert shown.width / shown.height == pytest.approx(size[0] / size[1], rel=0.02)
    assert picture.media_type == "image/jpeg"


def test_a_small_picture_keeps_every_pixel():
    picture = make_picture(encoded((8, 8)), "0" * 64)
    assert np.asarray(Image.open(io.BytesIO(picture.content))).tolist() == [[[200, 30, 60]] * 8] * 8


def test_bytes_behind_the_picture_do_not_get_through():
    canary = b"<script>canary()</script>"
    assert canary not in make_picture(encoded((8, 8)) + canary, "0" * 64).content


def test_the_etag_tells_contents_apart():
    etags = {make_picture(encoded((8, 8)), sha256).etag for sha256 in ("a" * 64, "b" * 64)}
    assert len(etags) == 2


def test_what_is_no_picture_is_refused():
    with pytest.raises(OSError):
        make_picture(b"<svg onload='canary()'/>", "0" * 64)
