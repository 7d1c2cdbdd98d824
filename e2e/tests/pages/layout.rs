//! Nothing but the list and the messages scrolls, whatever is on the page and however large the window is.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, Person, Screen, Tester};
use causerie_testkit::{Account, Server};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const CAROL: Account = Account::CAROL;

/// Phones and desks; low windows, such as above a phone's keyboard; and both at a zoom of 200 %, which halves the
/// number of CSS pixels.
const SIZES: &[(u32, u32)] = &[(390, 844), (1280, 800), (390, 360), (1280, 300), (195, 422), (640, 400)];

/// Why the window can be scrolled, or what is wider than where it stands; nothing when all is well.
const SCROLLS: &str = r#"
    scrollTo(0, 100_000);
    scrollTo({left: 100_000});
    const page = document.scrollingElement, wrong = [];
    if (scrollX || scrollY) wrong.push(`the window scrolled to ${scrollX}, ${scrollY}`);
    if (page.scrollWidth > innerWidth || page.scrollHeight > innerHeight)
        wrong.push(`the document is ${page.scrollWidth} × ${page.scrollHeight} in ${innerWidth} × ${innerHeight}`);
    for (const part of document.querySelectorAll(".app, .chats, .chats > ul, .conversation, .scroller, .sign-in, dialog"))
        if (part.checkVisibility() && part.scrollWidth > part.clientWidth) wrong.push(`${part.className} is too wide`);
    return wrong.join("; ");"#;

/// See that nothing of a view is out of reach, at any size.
async fn see_no_scrolling(browser: &Browser, view: &str) -> Result<()> {
    for (width, height) in SIZES.iter().copied() {
        browser.resize(Screen { width, height }).await?;
        let size = "return matchMedia(`(width: ${arguments[0]}px) and (height: ${arguments[1]}px)`).matches";
        browser.until("the size", size, vec![json!(width), json!(height)]).await?;
        let wrong = browser.client().execute(SCROLLS, Vec::new()).await?;
        ensure!(wrong == json!(""), "{view} at {width} × {height}: {wrong}");
    }
    // Larger letters instead of a zoom, as a browser's settings have them.
    for size in ["200%", ""] {
        let script = "document.documentElement.style.fontSize = arguments[0]";
        browser.client().execute(script, vec![json!(size)]).await?;
        let wrong = browser.client().execute(SCROLLS, Vec::new()).await?;
        ensure!(wrong == json!(""), "{view} with letters of {size}: {wrong}");
    }
    browser.resize(Screen::WIDE).await
}

/// See that the last of the elements can be brought into the window.
async fn see_within_reach(browser: &Browser, selector: &str) -> Result<()> {
    for (width, height) in SIZES.iter().copied() {
        browser.resize(Screen { width, height }).await?;
        let script = r#"
            const all = [...document.querySelectorAll(arguments[0])].filter(one => one.checkVisibility());
            const last = all.at(-1);
            if (!last) return null;
            last.scrollIntoView();
            const box = last.getBoundingClientRect(), [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
            const hit = document.elementFromPoint(x, y);
            return Boolean(hit) && (last.contains(hit) || hit.contains(last));"#;
        let what = format!("{selector} within reach at {width} × {height}");
        browser.until(&what, script, vec![json!(selector)]).await?;
    }
    browser.resize(Screen::WIDE).await
}

/// A token of somebody who signs in once more.
async fn token(browser: &Browser, account: Account) -> Result<String> {
    let body = json!({"email": account.email, "password": account.password});
    let answer = browser.api("POST", "/api/auth/login/", "", body).await?;
    Ok(answer["token"].as_str().context("a token")?.to_owned())
}

/// Make groups with Alice, and let Bob write one message in each.
async fn fill_list(bob: &Browser, token: &str, groups: u32) -> Result<()> {
    let carol = json!({"email": CAROL.email, "name": CAROL.name, "password": CAROL.password});
    bob.api("POST", "/api/auth/register/", "", carol).await?;
    for number in 1..=groups {
        let body = json!({"participants": [ALICE.email, CAROL.email], "title": format!("Group {number}")});
        let chat = bob.api("POST", "/api/chats/", token, body).await?;
        let path = format!("/api/chats/{}/messages/", chat["id"]);
        bob.api("POST", &path, token, json!({"content": "Hello"})).await?;
    }
    Ok(())
}

#[tokio::test]
async fn no_view_of_the_page_scrolls_the_window() -> Result<()> {
    let mut server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    let alice = Person::arrive(&server, ALICE, Screen::WIDE).await?;
    see_no_scrolling(&alice, "the sign-in page").await?;
    see_within_reach(&alice, r#"[data-testid="language"]"#).await?;
    alice.click(r#"[data-testid="show-register"]"#).await?;
    see_no_scrolling(&alice, "the sign-in page with a new account").await?;
    see_within_reach(&alice, r#"[data-testid="language"]"#).await?;
    alice.click(r#"[data-testid="show-sign-in"]"#).await?;
    alice.register().await?;
    see_no_scrolling(&alice, "an empty list").await?;

    fill_list(&bob, &token(&bob, BOB).await?, 60).await?;
    let many = r#"return document.querySelectorAll('a.chat.unread .badge').length === 60"#;
    alice.until("60 unread chats", many, Vec::new()).await?;
    see_no_scrolling(&alice, "60 unread chats").await?;
    see_within_reach(&alice, r#"a[data-testid="chat"]"#).await?;
    see_within_reach(&alice, r#"button[data-testid="settings"]"#).await?;
    for dialog in ["new-chat", "settings"] {
        alice.click(&format!(r#"button[data-testid="{dialog}"]"#)).await?;
        alice.see(&format!(r#"dialog[data-testid="{dialog}-dialog"]"#)).await?;
        see_no_scrolling(&alice, dialog).await?;
        see_within_reach(&alice, "dialog .actions button").await?;
        alice.click("dialog .head button").await?;
    }

    alice.open_chat("Group 60").await?;
    let token = token(&alice, ALICE).await?;
    let chat = alice.client().execute("return location.pathname.match(/[0-9]+/)[0]", Vec::new()).await?;
    let path = format!("/api/chats/{}/messages/", chat.as_str().context("the chat's number")?);
    for number in 1..=30 {
        let words = format!("Message {number}: {}", "word ".repeat(number));
        alice.api("POST", &path, &token, json!({"content": words})).await?;
    }
    alice.see_message("Message 30:").await?;
    see_no_scrolling(&alice, "a conversation").await?;
    see_within_reach(&alice, r#"button[data-testid="send"]"#).await?;
    alice.click("main.conversation > header summary").await?;
    see_no_scrolling(&alice, "a conversation's menu").await?;
    alice.type_message(&"a long draft\n".repeat(40)).await?;
    see_no_scrolling(&alice, "a long draft").await?;
    server.kill().await?;
    alice.see_banner().await?;
    see_no_scrolling(&alice, "a conversation without a connection").await?;
    see_within_reach(&alice, r#"button[data-testid="send"]"#).await?;
    alice.ask_why().await?;
    see_no_scrolling(&alice, "the dialog with the cause").await
}

#[tokio::test]
async fn the_tester_is_as_high_as_what_it_shows() -> Result<()> {
    let server = Server::start().await?;
    let tester = Tester::open(&server, "").await?;
    let script = r#"
        const page = document.scrollingElement;
        const end = document.querySelector(".tester").getBoundingClientRect().bottom + scrollY;
        const wrong = page.scrollWidth > innerWidth || page.scrollHeight > Math.max(Math.ceil(end), innerHeight);
        return wrong ? `${page.scrollWidth} × ${page.scrollHeight}, and its end is at ${end}` : "";"#;
    for (width, height) in SIZES.iter().copied() {
        tester.resize(Screen { width, height }).await?;
        let wrong = tester.client().execute(script, Vec::new()).await?;
        ensure!(wrong == "", "the tester at {width} × {height}: {wrong}");
    }
    Ok(())
}
