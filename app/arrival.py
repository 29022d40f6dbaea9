"""Before a page is sent: off to the address in the visitor's language, what the browser will need, a first look.

gradio draws a page, and puts its own head in place, by script, seconds after the page has come: too late for all three.
"""

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import look


class Arrival:
    """Around the whole server; it touches only the pages of the two languages."""

    def __init__(self, app: ASGIApp, looks: dict[str, str]):
        """`looks` is what a page of each language ends with, as HTML."""
        self.app = app
        self.looks = {language: html.encode() for language, html in looks.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = _PAGES.get(_path(scope))
        if language is None:
            await self.app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        wanted = wanted_language(language, QueryParams(query).get("lang"), Headers(scope=scope).get("accept-language"))
        if wanted != language:
            address = f"./{look.PATHS[wanted]}" + (f"?{query}" if query else "")
            await RedirectResponse(address, headers=_NOT_KEPT)(scope, receive, send)
            return

        await self.app(scope, receive, _with(self.looks[language], send))


def _with(look_of_page: bytes, send: Send) -> Send:
    """Sends a page with its headers and its first look; an error, or what is packed already, gets no look."""
    ends_with = b""

    async def enriched(message: Message) -> None:
        nonlocal ends_with
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("link", f"<{look.PLOTLY_ADDRESS}>; rel=preload; as=script")
            headers.append("vary", "accept-language")
            if _is_page(message["status"], headers):
                ends_with = look_of_page
                if "content-length" in headers:
                    headers["content-length"] = str(int(headers["content-length"]) + len(look_of_page))
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            message = {**message, "body": message.get("body", b"") + ends_with}
        await send(message)

    return enriched


def _is_page(status: int, headers: Headers) -> bool:
    is_html = headers.get("content-type", "").startswith("text/html")
    return status == 200 and is_html and "content-encoding" not in headers


def wanted_language(language: str, named: str | None, accepted: str | None) -> str:
    """In which language a visitor of the page in `language` shall have it.

    A link may name one (?lang=); the Chinese page's own address does; else the browser's first choice decides.
    """
    asked = named or ("zh" if language == "zh" else first_choice(accepted or ""))
    return "zh" if asked.lower().startswith("zh") else "en"


def first_choice(accepted: str) -> str:
    """The tag of greatest weight in an Accept-Language header, the first of equals (RFC 9110, section 12.5.4)."""
    choices = [choice.split(";") for choice in accepted.split(",")]
    return max(choices, key=lambda choice: _weight(choice[1:]))[0].strip()


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _path(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    return scope["path"].removeprefix(scope.get("root_path", ""))


_PAGES = {f"/{path}": language for language, path in look.PATHS.items()}
_NOT_KEPT = {"cache-control": "no-store"}  # another visitor, or this one tomorrow, may want the other
