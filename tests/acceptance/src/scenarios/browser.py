"""What people see, in a real browser: browser.py URL WRITE_KEY CHROMIUM USER. Fails on the first thing that is not as it must be.

Each page is looked at with axe (WCAG 2, levels A and AA). A website of its own, on another port, has the script and the form.
"""

import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

URL, WRITE_KEY, CHROMIUM, USER = sys.argv[1:]
EMAIL = f"{USER}@example.com"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
PATIENCE_SECS = 60

WEBSITE = f"""<!doctype html><html lang="en"><head><title>Shop</title>
<script>window.wend = [["track", "looked_around", {{"early": true}}]]</script>
<script defer src="{URL}/v1/wend.js" data-key="{WRITE_KEY}" data-privacy="respect"></script></head>
<body><main><h1>Shop</h1><form method="post" action="{URL}/v1/forms/newsletter">
<label>Email <input name="email"></label><label>First name <input name="first_name"></label>
<div hidden><label>Leave empty <input name="website"></label></div><button>Subscribe</button></form></main></body></html>"""


class Website(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(WEBSITE.encode())

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Website)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def get(path):
    with urllib.request.urlopen(URL + path, timeout=20) as answer:
        return json.load(answer)


def until(what, look):
    """What `look` finds, once it finds something."""
    end = time.monotonic() + PATIENCE_SECS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    sys.exit(f"waited in vain for {what}")


def events(who):
    """What was said under a name (`user=…`): kinds of events by how often they came."""
    rows = get(f"/_wend/timeline?{who}")["rows"]
    found = [row["input"]["event"] for row in rows if "event" in row["input"]]
    kinds = [one["kind"] if isinstance(one["kind"], str) else one["kind"]["track"] for one in found]
    return {kind: kinds.count(kind) for kind in kinds}


def feedback(user):
    rows = get(f"/_wend/timeline?user={user}")["rows"]
    return [row["input"]["feedback"]["kind"] for row in rows if "feedback" in row["input"]]


def accessible(page):
    found = Axe().run(page, options=RULES).response["violations"]
    nodes = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert not nodes, f"{page.url}: {json.dumps(nodes, indent=1)}"


def quiet(browser, website):
    """Who asks not to be followed is not."""
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})")
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(website)
    page.evaluate("wend.identify('quiet'); wend.track('looked_around')")
    page.wait_for_timeout(500)
    assert not [url for url in asked if "/v1/batch" in url], asked
    assert page.evaluate("Object.keys(localStorage).length") == 0
    context.close()


def script(browser, website):
    """Page views, events and who somebody is; what was not answered comes again, and once."""
    context = browser.new_context()
    page, posted = context.new_page(), []
    context.route("**/v1/batch", lambda route: (posted.append(1), route.abort() if len(posted) == 1 else route.continue_()))
    page.goto(website)
    page.evaluate("([id, email]) => wend.identify(id, {email, first_name: 'Ana', subscribed: ['news']})", [USER, EMAIL])
    page.evaluate("wend.track('signed_up', {plan: 'free'})")
    # Before the first retry is due the page is left: the next one sends what this one has kept, and both beacons came as well.
    page.goto(website)
    until("an empty queue", lambda: page.evaluate("localStorage.getItem('wend.queue') == '[]'"))
    until("the second page", lambda: events(f"user={USER}").get("page") == 2)
    # The visitor of the first page is the person of the second.
    visitor = page.evaluate("localStorage.getItem('wend.anonymous')")
    for who in (f"user={USER}", f"anonymous={visitor}"):
        heard = events(who)
        assert heard == {"identify": 1, "signed_up": 1, "page": 2, "looked_around": 2}, heard
    assert len(posted) > 1, posted
    page.fill("[name=email]", EMAIL)
    page.click("button")
    expect(page.get_by_role("heading")).to_have_text("Thank you")
    accessible(page)
    submitted = until("the form", lambda: events(f"email={EMAIL}").get("form_submitted"))
    assert submitted == 1
    page.goto(website)
    page.evaluate("wend.reset()")
    assert page.evaluate("localStorage.getItem('wend.anonymous')") != visitor
    context.close()


def form_without_scripts(browser, website):
    context = browser.new_context(java_script_enabled=False, locale="de-DE")
    page = context.new_page()
    page.goto(website)
    page.fill("[name=email]", "nowhere")
    page.fill("[name=first_name]", "http://evil.example")
    page.click("button")
    expect(page.get_by_role("heading")).to_have_text("Bitte prüfen Sie diese Angaben")
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.go_back()
    page.fill("[name=email]", f"plain-{EMAIL}")
    page.fill("[name=first_name]", "Ben")
    page.click("button")
    expect(page.get_by_role("heading")).to_have_text("Vielen Dank")
    context.close()


def form_that_must_be_corrected(browser, website):
    page = browser.new_page()
    page.goto(website)
    page.click("button")
    expect(page.get_by_role("heading")).to_have_text("Please look at these fields again")
    accessible(page)
    page.close()


def inbox(browser):
    """The mail in the inbox: its links count as clicks, and the buttons tell what becomes of it."""
    until("the mail", lambda: [mail for mail in get("/_wend/mails") if EMAIL in mail["to"]])
    context = browser.new_context()
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1|localhost)"), lambda route: route.abort())
    page, errors = context.new_page(), []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(URL)
    accessible(page)
    page.get_by_role("row").filter(has_text=EMAIL).get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    accessible(page)
    expect(page.get_by_role("rowheader", name="List-Unsubscribe", exact=True)).to_be_visible()
    mail = page.frame_locator("iframe")
    expect(mail.locator("body")).to_contain_text("Ana")
    for label, kind in [("Simulate delivery", None), ("Simulate open", "opened"), ("Simulate click", "clicked"), ("Simulate soft bounce", "bounced")]:
        page.get_by_role("button", name=label, exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Told:")
        if kind:
            until(kind, lambda kind=kind: kind in feedback(USER))
    accessible(page)
    assert not [line for line in errors if "Content Security Policy" in line and "script" not in line], errors
    context.close()


def link(kind):
    """The link of a kind in the first mail."""
    mail = next(mail for mail in get("/_wend/mails") if EMAIL in mail["to"])
    return re.search(rf"{re.escape(URL)}/{kind}/[^\s\"<>)]+", mail["html"]).group()


def preferences(browser, has_scripts):
    """A topic is said no to, and yes again; what was said stands there afterwards."""
    context = browser.new_context(java_script_enabled=has_scripts)
    page = context.new_page()
    page.goto(link("p"))
    if has_scripts:
        accessible(page)
    for wish in [False, True]:
        page.get_by_role("checkbox", name="Newsletter").set_checked(wish)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_have_text("Saved.")
        page.goto(link("p"))
        expect(page.get_by_role("checkbox", name="Newsletter")).to_be_checked(checked=wish)
    context.close()


def web_view(browser):
    """The mail in a browser, for who cannot read it otherwise: without scripts, its links work."""
    context = browser.new_context()
    context.route(re.compile(r"^https?://(?!127\.0\.0\.1|localhost)"), lambda route: route.abort())
    page, refused = context.new_page(), []
    page.on("console", lambda line: refused.append(line.text) if "Content Security Policy" in line.text else None)
    address = link("w")
    page.goto(address)
    expect(page.locator("body")).to_contain_text("Ana")
    clicked = feedback(USER).count("clicked")
    page.get_by_role("link", name="Look around").click()
    until("the click", lambda: feedback(USER).count("clicked") > clicked)
    assert not refused, refused
    page.goto(address[:-2] + ("B" if address[-2] == "A" else "A") + address[-1])
    expect(page.get_by_role("heading")).to_have_text("This link is not complete")
    accessible(page)
    context.close()


def unsubscribe(browser):
    page = browser.new_page()
    page.goto(link("u"))
    accessible(page)
    page.get_by_role("button").click()
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    accessible(page)
    page.goto(link("p"))
    expect(page.get_by_role("checkbox", name="Newsletter")).not_to_be_checked()
    page.goto(URL + "/u/forged")
    accessible(page)
    page.close()


with sync_playwright() as playwright:
    # Chromium's own sandbox refuses to run as root.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    website = serve()
    for step in [
        lambda: quiet(browser, website),
        lambda: script(browser, website),
        lambda: form_without_scripts(browser, website),
        lambda: form_that_must_be_corrected(browser, website),
        lambda: inbox(browser),
        lambda: preferences(browser, True),
        lambda: preferences(browser, False),
        lambda: web_view(browser),
        lambda: unsubscribe(browser),
    ]:
        step()
    browser.close()
