"""A host for the pages' tests: the REST contract and both transports, played from a script.

The page's own side is real: it is built, served under the host's security headers, and speaks WebRTC (answered by
aiortc) or WebSockets. What the host would decide is set by the test: an invitation's status, refusals to come, what
is said on the line. Everything runs on the caller's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from aiortc import MediaStreamTrack, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.web.headers import SecurityHeaders

from .fake_lines import Message, PeerLine, Session, SocketLine, Tone, listen

FAR_FUTURE = "2099-01-01T00:00:00Z"

STUDY = {
    "title": "How we work from home",
    "about": "We would like to understand what makes a good working day at home, and what gets in its way.",
    "organisation": "Institute for Work and Society",
    "contact": "Dr Mara Lind, mara.lind@example.org",
    "minutes": 12,
}
STUDY_DE = {
    **STUDY,
    "title": "Wie wir zu Hause arbeiten",
    "about": "Wir möchten verstehen, was einen guten Arbeitstag zu Hause ausmacht und was ihm im Weg steht.",
}
STUDY_AR = {
    **STUDY,
    "title": "كيف نعمل من المنزل",
    "about": "نودّ أن نفهم ما الذي يجعل يوم العمل في المنزل جيدًا وما الذي يعيقه.",
    "organisation": "معهد العمل والمجتمع",
}
LANGUAGES = [
    {"code": "en", "name": "English", "dir": "ltr"},
    {"code": "de", "name": "Deutsch", "dir": "ltr"},
    {"code": "ar", "name": "العربية", "dir": "rtl"},
]
DISCLOSURE = {
    "en": "The moderator of this interview is an artificial intelligence. It asks the questions and follows up on "
    "your answers. No person listens while you talk.",
    "de": "Dieses Interview wird von einer künstlichen Intelligenz geführt. Sie stellt die Fragen und fragt nach. "
    "Während des Gesprächs hört kein Mensch zu.",
    "ar": "يدير هذه المقابلة ذكاء اصطناعي، فهو يطرح الأسئلة ويتابع إجاباتك. لا يستمع أي شخص أثناء حديثك.",
}
CONSENT = {
    "en": "Your voice is recorded and written down. Researchers of the institute read the transcript; the recording "
    "is deleted after 90 days.\n\nTaking part is voluntary. You may leave out any question and end the interview at "
    "any time, without giving a reason.",
    "de": "Ihre Stimme wird aufgenommen und verschriftlicht. Forschende des Instituts lesen das Transkript; die "
    "Aufnahme wird nach 90 Tagen gelöscht.\n\nDie Teilnahme ist freiwillig. Sie dürfen jede Frage auslassen und das "
    "Interview jederzeit ohne Angabe von Gründen beenden.",
    "ar": "يُسجَّل صوتك ويُحوَّل إلى نص. يقرأ باحثو المعهد النص، ويُحذف التسجيل بعد 90 يومًا.\n\nالمشاركة طوعية. "
    "يمكنك ترك أي سؤال وإنهاء المقابلة في أي وقت دون إبداء سبب.",
}


@dataclass(frozen=True)
class Refusal:
    """An answer in the contract's error form."""

    status: int
    code: str
    message: str = "The host refused."
    next_step: str = "Try again."
    retry_after_s: int | None = None
    place: int | None = None

    def response(self) -> JSONResponse:
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        error: dict[str, object] = {"code": self.code, "message": self.message, "next_step": self.next_step}
        if self.place is not None:
            error["place"] = self.place
        return JSONResponse({"error": error}, self.status, headers)


HOST_FULL = Refusal(503, "host_full", "All slots are in use.", "Try again in a moment.", retry_after_s=1)
ALREADY_CONNECTED = Refusal(409, "already_connected", "The session has a connection.", "Take it over.")
SESSION_OVER = Refusal(410, "session_over", "The session is over.", "There is nothing more to do.")

CLOSE_CODES = {"host_full": 1013, "already_connected": 4409, "session_over": 4410, "token_expired": 4401}


@dataclass
class Invitation:
    """What the link shows, and what is refused on its way; refusals are used up one by one."""

    token: str
    status: str = "open"
    language: str = "en"
    consent_version: str = "v1"
    transports: list[str] = field(default_factory=lambda: ["webrtc", "websocket"])
    session: Session | None = None
    refuse_view: list[Refusal] = field(default_factory=list[Refusal])
    refuse_consent: list[Refusal] = field(default_factory=list[Refusal])
    refuse_line: list[Refusal] = field(default_factory=list[Refusal])
    consents: list[Message] = field(default_factory=list[Message])
    study: Mapping[str, object] = field(default_factory=lambda: STUDY)

    def view(self, language: str | None) -> Message:
        told = {"de": STUDY_DE, "ar": STUDY_AR}.get(language or self.language, self.study)
        session = self.session
        return {
            "status": "finished" if session is not None and session.reason is not None else self.status,
            "study": dict(told),
            "languages": LANGUAGES,
            "language": self.language,
            "disclosure": DISCLOSURE,
            "consent": {"version": self.consent_version, "text": CONSENT},
            "session": None if session is None else {"id": session.id, "status": session.status},
        }


class FakeHost:
    """The application and what it knows. `url` is set while it serves."""

    def __init__(self, static: Path) -> None:
        self.static = static
        self.url = ""
        self.invitations: dict[str, Invitation] = {}
        self.requests: list[str] = []
        self.down = False
        """Answer everything of the API with a proxy's 502."""
        self._peers: set[RTCPeerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0

    def invite(self, **changes: Any) -> Invitation:
        self._count += 1
        invitation = Invitation(token=f"invitation-{self._count}", **changes)
        self.invitations[invitation.token] = invitation
        return invitation

    def link(self, invitation: Invitation) -> str:
        return f"{self.url}/i/{invitation.token}"

    def begin(self, invitation: Invitation, status: str = "WAITING") -> Session:
        """The invitation's session, as if consent had been given before."""
        session = Session(
            id=f"session-of-{invitation.token}", token=f"token-of-{invitation.token}", status=status
        )
        invitation.session, invitation.status = session, "in_progress"
        return session

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[FakeHost]:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self.app(), log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield self
        finally:
            for peer in self._peers:
                await peer.close()
            server.should_exit = True
            await serving
            listener.close()

    def app(self) -> Starlette:
        api = [
            Route("/invitations/{token}", self._view),
            Route("/invitations/{token}/consent", self._consent, methods=["POST"]),
            Route("/sessions/{id}", self._session),
            Route("/sessions/{id}/webrtc", self._offer, methods=["POST"]),
            Route("/sessions/{id}/leave", self._leave, methods=["POST"]),
            WebSocketRoute("/sessions/{id}/audio", self._audio),
        ]
        return Starlette(
            routes=[
                Mount("/api/v1", routes=api),
                Mount("/assets", StaticFiles(directory=self.static / "assets")),
                Route("/", self._page),
                Route("/i/{token}", self._page),
            ],
            middleware=[Middleware(SecurityHeaders)],
        )

    # -- REST

    async def _page(self, _request: Request) -> Response:
        return FileResponse(self.static / "index.html", headers={"Cache-Control": "no-cache"})

    def _note(self, request: Request) -> None:
        self.requests.append(f"{request.method} {request.url.path}")

    async def _view(self, request: Request) -> Response:
        self._note(request)
        invitation = self.invitations.get(request.path_params["token"])
        if self.down:
            return Response("<h1>Bad gateway</h1>", 502, media_type="text/html")
        if invitation is None:
            return Refusal(404, "invitation_unknown").response()
        if invitation.refuse_view:
            return invitation.refuse_view.pop(0).response()
        return JSONResponse(invitation.view(request.query_params.get("language")))

    async def _consent(self, request: Request) -> Response:
        self._note(request)
        invitation = self.invitations[request.path_params["token"]]
        if self.down:
            return Response("Bad gateway", 502)
        if invitation.refuse_consent:
            return invitation.refuse_consent.pop(0).response()
        body = await request.json()
        if body["consent_version"] != invitation.consent_version:
            return Refusal(409, "consent_changed").response()
        invitation.consents.append(body)
        fresh = invitation.session is None
        session = invitation.session or self.begin(invitation)
        if fresh:
            session.language = body["language"]
        answer = {
            "session_id": session.id,
            "token": session.token,
            "expires_at": FAR_FUTURE,
            "transports": invitation.transports,
            "ice_servers": [],
        }
        return JSONResponse(answer, 201 if fresh else 200)

    def _invitation_of(self, session_id: str) -> Invitation:
        return next(
            i for i in self.invitations.values() if i.session is not None and i.session.id == session_id
        )

    def _held(self, invitation: Invitation, session: Session, take_over: bool) -> Refusal | None:
        """Why a connection is not let in now, or None."""
        session.take_overs.append(take_over)
        if invitation.refuse_line:
            refusal = invitation.refuse_line.pop(0)
            if refusal is SESSION_OVER:
                invitation.status = "finished"
            return refusal
        if session.reason is not None:
            return SESSION_OVER
        return ALREADY_CONNECTED if session.line is not None and not take_over else None

    async def _session(self, request: Request) -> Response:
        self._note(request)
        session = self._invitation_of(request.path_params["id"]).session
        assert session is not None
        return JSONResponse(
            {
                "id": session.id,
                "status": session.status,
                "reason": session.reason,
                "language": session.language,
            }
        )

    async def _leave(self, request: Request) -> Response:
        self._note(request)
        session = self._invitation_of(request.path_params["id"]).session
        assert session is not None
        session.left = True
        session.end("INTERRUPTED", "left")
        session.changed.set()
        return Response(status_code=204)

    async def _offer(self, request: Request) -> Response:
        self._note(request)
        if self.down:
            return Response("Bad gateway", 502)
        invitation = self._invitation_of(request.path_params["id"])
        session = invitation.session
        assert session is not None
        if request.headers.get("authorization") != f"Bearer {session.token}":
            return Refusal(401, "token_expired").response()
        body = await request.json()
        refusal = self._held(invitation, session, body["take_over"])
        if refusal is not None:
            return refusal.response()
        await self._replace(session)
        peer = RTCPeerConnection()
        self._peers.add(peer)
        session.transport = "webrtc"
        line = PeerLine(peer)
        session.line = line

        def adopt(channel: RTCDataChannel) -> None:
            self._adopt(session, line, channel)

        def hear(track: MediaStreamTrack) -> None:
            self._spawn(listen(session, line, track))

        peer.on("datachannel", adopt)
        peer.on("track", hear)
        await peer.setRemoteDescription(RTCSessionDescription(body["sdp"], "offer"))
        peer.addTrack(Tone(session))
        await peer.setLocalDescription(await peer.createAnswer())
        return JSONResponse(
            {
                "sdp": peer.localDescription.sdp,
                "type": "answer",
                "connection_id": f"c{len(session.take_overs)}",
            }
        )

    # -- lines

    async def _replace(self, session: Session) -> None:
        old, session.line = session.line, None
        if old is not None:
            old.send({"type": "notice", "code": "replaced", "text": ""})
            await asyncio.sleep(0.05)  # the notice goes out before the connection does
            await old.drop()

    def _adopt(self, session: Session, line: PeerLine, channel: RTCDataChannel) -> None:
        def take(text: str) -> None:
            if session.line is line:
                session.take(text)

        channel.on("message", take)
        line.opened(channel)
        self._greet(session)

    def _greet(self, session: Session) -> None:
        resumed = session.status != "WAITING"
        session.status = "ACTIVE"
        session.send(
            {
                "type": "hello",
                "v": 1,
                "session_id": session.id,
                "language": session.language,
                "title": STUDY["title"],
                "phases": 3,
                "resumed": resumed,
            }
        )
        session.changed.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _audio(self, websocket: WebSocket) -> None:
        invitation = self._invitation_of(websocket.path_params["id"])
        session = invitation.session
        assert session is not None
        self.requests.append(f"WS {websocket.url.path}?{websocket.url.query}")
        offered = websocket.scope["subprotocols"]
        await websocket.accept(subprotocol="vivavoce.v1")
        if f"bearer.{session.token}" not in offered:
            await websocket.close(4401)
            return
        refusal = self._held(invitation, session, websocket.query_params["take_over"] == "1")
        if refusal is not None:
            if refusal.code == "host_full":
                told = {"type": "queued", "place": refusal.place, "retry_after_s": refusal.retry_after_s}
                await websocket.send_json(told)
            await websocket.close(CLOSE_CODES[refusal.code])
            return
        await self._replace(session)
        line = SocketLine(websocket)
        session.line, session.transport = line, "websocket"
        self._greet(session)
        sending = asyncio.create_task(line.run(session))
        try:
            while True:
                frame = await websocket.receive()
                if frame["type"] == "websocket.disconnect":
                    break
                if frame.get("bytes"):
                    session.hear_bytes(frame["bytes"])
                else:
                    session.take(frame["text"])
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            sending.cancel()
            if session.line is line:
                session.line = None
