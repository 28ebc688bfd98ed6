"""The server of the demo: files of its folder, by GET and HEAD, and nothing else."""

import http.client
import os
import socket
import threading

import pytest

from minicyclegan.shipping.serve import HEADERS, POLICY, make_server
from minicyclegan.shipping.site import WEB

FILES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "ort/a.mjs": "text/javascript; charset=utf-8",
    "ort/a.wasm": "application/wasm",
    "models/m.onnx": "application/octet-stream",
    "models.json": "application/json",
    "manifest.webmanifest": "application/manifest+json",
    "icon.svg": "image/svg+xml",
    "picture.PNG": "image/png",
    "with space é.css": "text/css; charset=utf-8",
    "ort/LICENSE": "text/plain; charset=utf-8",
    "thing.exe": "application/octet-stream",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret", encoding="utf-8")
    root = outside / "site"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    (outside / "site2").mkdir()  # a name that begins alike
    (outside / "site2" / "secret.txt").write_text("secret", encoding="utf-8")
    if os.name != "nt":
        (root / "link.txt").symlink_to(outside / "secret.txt")
        (root / "linked").symlink_to(outside)
        (root / "inside.js").symlink_to(root / "app.js")
    server = make_server(root, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(server, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_given_out_with_its_type(served, name):
    path = "/" + name.replace(" ", "%20").replace("é", "%C3%A9")
    response, body = ask(served, "GET", path)
    assert (response.status, body) == (200, name.encode())
    assert response.headers["Content-Type"] == FILES[name]
    response, body = ask(served, "HEAD", path + "?engine=wasm")
    assert (response.status, body, response.headers["Content-Length"]) == (200, b"", str(len(name.encode())))


def test_the_root_is_the_page(served):
    assert ask(served, "GET", "/")[1] == b"index.html"


OUTSIDE = [
    "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/ort/../../secret.txt",
    "/ort/%2e%2e/%2e%2e/secret.txt", "/..%5csecret.txt", "/..\\secret.txt", "/%252e%252e/secret.txt", "//../secret.txt",
    "///etc/passwd", "/etc/passwd", "//etc/passwd", "/%2fetc/passwd", "/C:/Windows/win.ini", "/../site2/secret.txt",
    "/link.txt", "/linked/secret.txt", "/linked/site2/secret.txt", "/./../secret.txt", "/app.js/../../secret.txt",
    "/%00", "/app.js%00.png", "/" + "a" * 3000, "/%ff%fe", "/app.js/", "/app.js/x", "http://127.0.0.1/../secret.txt",
]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path[:30])
def test_nothing_outside_the_folder_is_found(served, path):
    response, body = ask(served, "GET", path)
    assert b"secret" not in body.replace(b"secret.txt", b"")
    assert b"root:" not in body
    if path == "/app.js/":  # the file itself, to the system
        assert body == b"app.js" or response.status == 404
    else:
        assert response.status == 404


@pytest.mark.parametrize("path", ["/ort", "/ort/", "/models/", "/ort/.", "/linked/", "/linked"])
def test_folders_are_not_listed(served, path):
    response, body = ask(served, "GET", path)
    assert response.status == 404
    assert b"a.mjs" not in body and b"secret" not in body


@pytest.mark.skipif(os.name == "nt", reason="links take rights on Windows")
def test_a_link_that_stays_inside_is_a_file(served):
    assert ask(served, "GET", "/inside.js")[1] == b"app.js"


@pytest.mark.parametrize("method", "POST PUT DELETE PATCH OPTIONS TRACE CONNECT PROPFIND get".split())
def test_other_methods_are_refused(served, method):
    response, body = ask(served, method, "/app.js")
    assert response.status == 501
    assert body != b"app.js"


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/none"), ("POST", "/"), ("HEAD", "/app.js")])
def test_every_answer_has_the_protecting_headers(served, method, path):
    response, _ = ask(served, method, path)
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert "minicyclegan" in response.headers["Server"] and "Python" not in response.headers["Server"]


def test_the_policy_allows_webassembly_and_no_other_host_or_inline_script():
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert {value for name, value in rules.items() if name not in ("script-src",)} <= {"'self'", "'none'"}
    assert f'content="{POLICY}"' in (WEB / "index.html").read_text(encoding="utf-8")


def test_it_listens_on_this_machine_alone(served):
    assert served.server_address[0] == "127.0.0.1"


def test_rubbish_and_hanging_up_do_no_harm(served):
    for rubbish in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"", b"GET / HT"):
        with socket.create_connection(served.server_address, timeout=5) as connection:
            connection.sendall(rubbish)
    assert ask(served, "GET", "/app.js")[1] == b"app.js"
