"""Visitors come to the page in their language, and their browser hears at once what it will need."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app import look
from app.arrival import Arrival, first_choice, wanted_language

CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}
LOOKS = {"en": "<p>a first look</p>", "zh": "<p>先看一眼</p>"}
ENGLISH = {"accept-language": "en-US,en;q=0.9"}


@pytest.fixture
def visitor():
    def answer(request):
        return PlainTextResponse(request.url.path)

    routes = [Route(path, answer, methods=["GET", "POST"]) for path in ("/", "/zh", "/config")]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Arrival, looks=LOOKS)])) as client:
        yield client


@pytest.mark.parametrize(("address", "headers", "arrived"), [
    ("/", ENGLISH, "/"), ("/", CHINESE, "/zh"), ("/", {}, "/"),
    ("/zh", CHINESE, "/zh"), ("/zh", ENGLISH, "/zh"),  # who asks for the Chinese page gets it
    ("/?lang=zh", ENGLISH, "/zh"), ("/?lang=en", CHINESE, "/"), ("/zh?lang=en", CHINESE, "/"),
    ("/?lang=fr", CHINESE, "/"), ("/config", CHINESE, "/config"),
])
def test_everybody_arrives_at_the_page_in_their_language(visitor, address, headers, arrived):
    assert visitor.get(address, headers=headers).text == arrived


def test_a_link_keeps_its_prompt(visitor):
    assert visitor.get("/?prompt=%E6%88%91&lang=zh").url.query == b"prompt=%E6%88%91&lang=zh"


def test_no_cache_keeps_where_a_visitor_was_sent(visitor):
    sent = visitor.get("/", headers=CHINESE, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"], sent.headers["cache-control"]) == (307, "./zh", "no-store")


def test_a_page_names_the_plotting_library_before_its_scripts_do(visitor):
    assert visitor.get("/", headers=ENGLISH).headers["link"] == f"<{look.PLOTLY_ADDRESS}>; rel=preload; as=script"
    assert "link" not in visitor.get("/config").headers


def page_of(answer, path: str = "/"):
    routes = [Route("/", answer), Route("/zh", answer)]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Arrival, looks=LOOKS)])) as client:
        return client.get(path, headers=CHINESE if path == "/zh" else ENGLISH)


@pytest.mark.parametrize(("path", "look_of_page"), [("/", LOOKS["en"]), ("/zh", LOOKS["zh"])])
def test_a_page_ends_with_the_first_look_of_its_language(path, look_of_page):
    page = page_of(lambda request: HTMLResponse("<body></body>"), path)
    assert page.text == "<body></body>" + look_of_page
    assert int(page.headers["content-length"]) == len(page.content)


def test_a_page_sent_in_pieces_ends_with_one_look():
    assert page_of(lambda request: StreamingResponse(iter("ab"), media_type="text/html")).text == "ab" + LOOKS["en"]


@pytest.mark.parametrize("answer", [
    HTMLResponse("gone", status_code=404), PlainTextResponse("words"),
    HTMLResponse("packed", headers={"content-encoding": "x-unknown"}),
])
def test_what_is_no_page_is_left_alone(answer):
    assert page_of(lambda request: answer).content == answer.body


def test_what_is_sent_to_a_page_goes_through(visitor):
    assert visitor.post("/", headers=CHINESE).text == "/"


@pytest.mark.parametrize(("header", "tag"), [
    ("zh-CN", "zh-CN"), ("en;q=0.5, zh;q=0.9", "zh"), ("en, zh", "en"), ("", ""), ("zh;q=high, en;q=0.1", "en"),
])
def test_the_first_choice_of_a_browser_is_the_weightiest(header, tag):
    assert first_choice(header) == tag


def test_an_unknown_language_is_answered_in_english():
    assert wanted_language("en", None, "fr-FR") == "en"
