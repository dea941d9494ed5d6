"""The pages: one document for every link, assets for ever, and nothing else from the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unit.web.conftest import House

DOCUMENT = '<!doctype html><div id="root"></div>'


@pytest.fixture
def built(house: House) -> House:
    (house.static / "assets").mkdir(parents=True)
    (house.static / "index.html").write_text(DOCUMENT)
    (house.static / "assets" / "main-C0FFEE.js").write_text("export {}")
    (house.static / "other.txt").write_text("not for anyone")
    (house.static.parent / "secret.key").write_text("hunter2")
    (house.static / "assets" / "link.js").symlink_to(house.static.parent / "secret.key")
    return house


@pytest.mark.parametrize("path", ["/", "/i/inv_0123456789abcdefghij", "/i/unknown", "/i/%2e%2e%2f"])
async def test_every_link_leads_to_the_one_page(built: House, path: str) -> None:
    response = await built.client.get(path)
    if path.endswith("%2f"):
        assert response.status_code == 404
        return
    assert (response.status_code, response.text) == (200, DOCUMENT)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    head = await built.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    again = await built.client.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert again.headers["etag"] == response.headers["etag"]


async def test_assets_may_be_kept_for_ever(built: House) -> None:
    response = await built.client.get("/assets/main-C0FFEE.js")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = await built.client.get(
        "/assets/main-C0FFEE.js", headers={"If-None-Match": response.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/assets/", "/assets/none.js", "/assets/../index.html", "/assets/../other.txt", "/assets/%2e%2e/other.txt",
     "/assets/..%2f..%2fsecret.key", "/assets/....//other.txt", "/assets/%5c..%5cother.txt", "/assets/%00",
     "/assets/link.js",
     "/other.txt", "/index.html", "/static/index.html", "/../secret.key", "/i/a/b", "/i/", "/assets//etc/passwd"],
)  # fmt: skip
async def test_nothing_else_is_served(built: House, path: str) -> None:
    response = await built.client.get(path)
    assert response.status_code == 404
    assert "hunter2" not in response.text and "not for anyone" not in response.text
    assert response.json()["error"]["code"] == "not_found"
    assert "immutable" not in response.headers["cache-control"]


async def test_without_built_pages_it_says_what_to_do(house: House) -> None:
    for path in ("/", "/i/inv_0123456789abcdefghij"):
        response = await house.client.get(path)
        assert response.status_code == 503
        assert "make pages" in response.text
        assert response.headers["cache-control"] == "no-store"
    house.static.mkdir()
    (house.static / "index.html").write_text(DOCUMENT)
    assert (await house.client.get("/")).status_code == 200
