//! The connection tester: what the old test page could, and what people always needed.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, FIRST, Pair, SECOND, Tester};
use causerie_testkit::{Account, Authenticator, Server};
use serde_json::json;

/// The lines that the list draws.
const DRAWN: &str = r#"return document.querySelectorAll('#first [data-testid="frames"] .row').length"#;

/// Read what the page put on the clipboard.
async fn clipboard(tester: &Tester) -> Result<String> {
    let script =
        "const done = arguments[0]; navigator.clipboard.readText().then(done, error => done(String(error)))";
    let text = tester.client().execute_async(script, Vec::new()).await?;
    Ok(text.as_str().context("a text")?.to_owned())
}

async fn see_talk(tester: &Tester, side: &str, text: &str) -> Result<()> {
    let script = r#"return document.querySelector(arguments[0] + ' [data-testid="talk"]')?.innerText.includes(arguments[1])"#;
    tester
        .until(&format!("{text:?} in the conversation"), script, vec![json!(side), json!(text)])
        .await
        .map(drop)
}

/// A server, the tester at it, and two people there.
async fn opened() -> Result<(Server, Tester, Pair)> {
    let server = Server::start().await?;
    let tester = Tester::open(&server, "").await?;
    let pair = tester.make_pair().await?;
    Ok((server, tester, pair))
}

#[tokio::test]
async fn the_old_pages_users_find_every_function() -> Result<()> {
    let (server, tester, pair) = opened().await?;
    // API base, e-mail and password, chat id.
    tester.fill(r#"#first input[name="base"]"#, &server.url()).await?;
    tester.fill(r#"#first input[name="chat"]"#, &pair.chat.to_string()).await?;
    tester.sign_in(FIRST, Account::ALICE).await?;
    // Connect, send, the stream of messages.
    tester.press(FIRST, "connect").await?;
    tester.see_state(FIRST, "open").await?;
    tester.say(FIRST, "Bonjour").await?;
    see_talk(&tester, FIRST, "Alice Lovelace Bonjour").await?;
    // Disconnect, load the history of what came meanwhile.
    tester.press(FIRST, "disconnect").await?;
    tester.see_state(FIRST, "closed").await?;
    let path = format!("/api/chats/{}/messages/", pair.chat);
    tester.api("POST", &path, &pair.bob, json!({"content": "Written meanwhile"})).await?;
    tester.press(FIRST, "load-history").await?;
    see_talk(&tester, FIRST, "Bob Latour Written meanwhile").await?;
    let history = tester.look_at(FIRST, "history").await?;
    ensure!(history.contains("\"content\": \"Written meanwhile\""), "laid out: {history}");
    // A token instead of a sign-in.
    tester.connect(FIRST, &pair.bob, pair.chat).await?;
    tester.see_clean().await
}

#[tokio::test]
async fn a_sign_in_asks_for_a_code_where_the_account_has_a_second_factor() -> Result<()> {
    let (_server, tester, pair) = opened().await?;
    let proof = json!({"current_password": Account::ALICE.password});
    let begun = tester.api("POST", "/api/account/second-factor/", &pair.alice, proof).await?;
    let app = Authenticator::new(begun["secret"].as_str().context("the secret")?)?;
    let body = json!({"code": app.code()?});
    let set_up = tester.api("POST", "/api/account/second-factor/confirm/", &pair.alice, body).await?;
    let recovery = set_up["codes"][0].as_str().context("a recovery code")?;

    let field = |name: &str| format!(r#"{FIRST} input[name="{name}"]"#);
    tester.unfold(&format!(r#"{FIRST} [data-testid="sign-in"]"#)).await?;
    tester.fill(&field("email"), Account::ALICE.email).await?;
    tester.fill(&field("password"), Account::ALICE.password).await?;
    tester.submit(FIRST, "sign-in").await?;
    // The form that closes with a code has a field of this name too.
    let code = format!(r#"{FIRST} form[data-testid="sign-in"] input[name="code"]"#);
    tester.see(&code).await?;
    // A wrong code costs neither the address nor the password.
    tester.fill(&code, "nonsense").await?;
    tester.submit(FIRST, "sign-in").await?;
    tester.see_value(&code, 0).await?;
    tester.fill(&code, recovery).await?;
    tester.submit(FIRST, "sign-in").await?;
    tester.see_value(&field("token"), 64).await?;
    let gone = "return !document.querySelector(arguments[0])";
    tester.until("no field for a code", gone, vec![json!(code)]).await?;
    tester.press(FIRST, "connect").await?;
    tester.see_state(FIRST, "open").await
}

#[tokio::test]
async fn one_person_plays_both_participants() -> Result<()> {
    let (_server, tester, pair) = opened().await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    tester.click(r#"[data-testid="second"]"#).await?;
    // The chat came along; only who one is differs.
    tester.connect(SECOND, &pair.bob, pair.chat).await?;
    tester.say(FIRST, "Are you there?").await?;
    see_talk(&tester, SECOND, "Alice Lovelace Are you there?").await?;
    tester.say(SECOND, "Right beside you").await?;
    see_talk(&tester, FIRST, "Bob Latour Right beside you").await?;
    for side in [FIRST, SECOND] {
        let tripped = r#"return /[0-9]+\.[0-9] ms/.test(document.querySelector(arguments[0] + ' [data-testid="round-trip"]').textContent)"#;
        tester.until("a round trip", tripped, vec![json!(side)]).await?;
        let chosen = tester.text(&format!(r#"{side} [data-testid="chosen"]"#)).await?;
        ensure!(chosen == "causerie.v1", "chosen: {chosen}");
    }
    tester.see_clean().await
}

#[tokio::test]
async fn every_frame_shows_and_no_token_does() -> Result<()> {
    let (server, tester, pair) = opened().await?;
    tester.allow_clipboard(&server.url()).await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    tester.say(FIRST, "it's here").await?;
    let frame = tester.look_at(FIRST, "it's here").await?;
    ensure!(frame.starts_with("{\n  \"type\": \"message\""), "{frame}");
    let handshake = tester.text(r#"#first [data-testid="handshake"]"#).await?;
    let masked = format!("causerie.v1, Bearer, ••••••••{}", &pair.alice[60..]);
    ensure!(handshake.contains(&masked) && handshake.contains("GET /ws/chats/"), "{handshake}");

    let mut taken = Vec::new();
    for (button, part) in [
        ("copy-text", "sent\tmessage\t"),
        ("copy-curl", "/messages/"),
        ("copy-websocat", "websocat --no-close --protocol"),
        ("copy-all", "received\twelcome\t"),
    ] {
        tester.press(FIRST, button).await?;
        tester.see_text("Copied.").await?;
        let text = clipboard(&tester).await?;
        ensure!(text.contains(part), "{button}: {text}");
        taken.push(text);
    }
    tester.click(r#"[data-testid="copy-link"]"#).await?;
    let link = tester.until_clipboard("/chat-ws-test/").await?;
    ensure!(link.contains(&format!("chat={}", pair.chat)), "{link}");
    taken.push(link.clone());
    taken.push(tester.client().source().await?);
    ensure!(taken.iter().all(|text| !text.contains(&pair.alice)), "a token went out");

    tester.go_to(&link).await?;
    let script = r#"return document.querySelector('#first input[name="chat"]')?.value === arguments[0]"#;
    tester.until("the chat from the link", script, vec![json!(pair.chat.to_string())]).await?;
    Ok(())
}

#[tokio::test]
async fn raw_frames_of_every_type_are_at_hand_and_a_close_tells_its_code() -> Result<()> {
    let (_server, tester, pair) = opened().await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    let raw = r#"#first textarea[name="frame"]"#;
    tester.unfold(raw).await?;
    let kinds = "return [...document.querySelectorAll('#first select[name=\"template\"] option')].map(o => o.value).filter(Boolean)";
    let kinds = tester.client().execute(kinds, Vec::new()).await?;
    let mut kinds: Vec<String> = serde_json::from_value(kinds)?;
    // A socket for one chat follows it as long as it is open.
    kinds.retain(|kind| kind != "unsubscribe");
    ensure!(kinds.len() >= 6, "{kinds:?}");
    for kind in &kinds {
        tester.choose(r#"#first select[name="template"]"#, kind).await?;
        tester.submit(FIRST, "raw").await?;
    }
    // None of them was refused.
    tester.see_frame(FIRST, "ack").await?;
    tester.fill(raw, "{\"type\":\"nonsense\"}").await?;
    tester.submit(FIRST, "raw").await?;
    let error = tester.look_at(FIRST, "unknown_type").await?;
    ensure!(error.contains("must be one of"), "{error}");
    let errors = r#"return [...document.querySelectorAll('#first .row strong')].filter(kind => kind.textContent === "error").length"#;
    ensure!(tester.client().execute(errors, Vec::new()).await? == json!(1), "a template was refused");
    tester.choose(r#"#first select[name="template"]"#, "unsubscribe").await?;
    tester.submit(FIRST, "raw").await?;
    tester.see_text("close it to leave").await?;

    let form = r#"#first form[data-testid="close"]"#;
    tester.unfold(form).await?;
    tester.fill(&format!(r#"{form} input[name="code"]"#), "1006").await?;
    tester.submit(FIRST, "close").await?;
    tester.see_text("3000 to 4999").await?;
    tester.fill(&format!(r#"{form} input[name="code"]"#), "4000").await?;
    tester.fill(&format!(r#"{form} input[name="reason"]"#), "on purpose").await?;
    tester.submit(FIRST, "close").await?;
    tester.see_state(FIRST, "closed").await?;
    tester.see_text("4000").await
}

#[tokio::test]
async fn a_refusal_is_told_in_words() -> Result<()> {
    let (_server, tester, pair) = opened().await?;
    tester.press(FIRST, "connect").await?;
    tester.see_state(FIRST, "closed").await?;
    let why = tester.text(r#"#first [data-testid="why"]"#).await?;
    ensure!(why.contains("4001 Unauthorized") && why.contains("no token"), "{why}");
    tester.fill_in(FIRST, &pair.alice, 999).await?;
    tester.press(FIRST, "connect").await?;
    tester.see_text("4003 NotParticipant").await?;
    // In the other language too, at once.
    tester.choose(r#"[data-testid="language"]"#, "vi").await?;
    tester.see_text("Bạn không").await?;
    let language = "return document.documentElement.lang";
    ensure!(tester.client().execute(language, Vec::new()).await? == json!("vi"), "the page's language");
    tester.fill(r#"#first input[name="token"]"#, "no token, with spaces").await?;
    tester.press(FIRST, "connect").await?;
    tester.see_text("Trình duyệt không nhận địa chỉ hoặc token").await
}

#[tokio::test]
async fn ten_thousand_frames_are_held_filtered_and_drawn_by_the_screenful() -> Result<()> {
    let (_server, tester, pair) = opened().await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    let raw = r#"#first textarea[name="frame"]"#;
    tester.unfold(raw).await?;
    // Each is answered by a pong: two lines.
    let send = r#"
        const [first, last, done] = arguments;
        const form = document.querySelector('#first form[data-testid="raw"]');
        const frame = form.querySelector("textarea");
        for (let t = first; t <= last; t++) {
            frame.value = JSON.stringify({type: "ping", t});
            frame.dispatchEvent(new Event("input", {bubbles: true}));
            form.requestSubmit();
        }
        requestAnimationFrame(done);"#;
    // A script may take half a minute, on a machine that has other work too.
    for first in (1..5_500).step_by(100) {
        tester.client().execute_async(send, vec![json!(first), json!(first + 99)]).await?;
    }
    let last = r#"return document.querySelector('#first [data-testid="frames"]').innerText.includes('"t":5500}') &&
        document.querySelector('#first [data-testid="count"]').textContent.startsWith("10000 of 10000 frames")"#;
    tester.until("the last of many frames", last, Vec::new()).await?;
    let drawn = tester.client().execute(DRAWN, Vec::new()).await?;
    ensure!(drawn.as_u64().is_some_and(|drawn| (10..80).contains(&drawn)), "{drawn} lines are drawn");

    tester.fill(r#"#first input[name="search"]"#, "\"t\":4321}").await?;
    tester.see_text("2 of 10000 frames").await?;
    tester.choose(r#"#first select[name="type"]"#, "pong").await?;
    tester.see_text("1 of 10000 frames").await?;
    let found = tester.look_at(FIRST, "4321").await?;
    ensure!(found.contains("\"t\": 4321"), "{found}");
    // No word is looked for.
    tester.fill(r#"#first input[name="search"]"#, " ").await?;
    tester.choose(r#"#first select[name="type"]"#, "").await?;
    tester.see_text("10000 of 10000 frames").await?;
    // The keyboard reaches both ends.
    let list = tester.see(r#"#first [data-testid="frames"]"#).await?;
    list.send_keys("\u{E010}").await?;
    let end = r#"return document.querySelector('#first [aria-selected="true"]')?.getAttribute("aria-posinset") === "10000""#;
    tester.until("the last line chosen", end, Vec::new()).await?;
    list.send_keys("\u{E011}").await?;
    let start = r#"return document.querySelector('#first [aria-selected="true"]')?.getAttribute("aria-posinset") === "1""#;
    tester.until("the first line chosen", start, Vec::new()).await?;

    // A pause holds back and loses nothing.
    tester.press(FIRST, "clear").await?;
    tester.press(FIRST, "pause").await?;
    tester.client().execute_async(send, vec![json!(1), json!(10)]).await?;
    tester.see_text("Resume (20 new)").await?;
    ensure!(tester.client().execute(DRAWN, Vec::new()).await? == json!(0), "a paused list grew");
    tester.press(FIRST, "pause").await?;
    tester.see_frame(FIRST, "\"t\":10}").await?;
    tester.see_clean().await
}

#[tokio::test]
async fn another_server_is_tested_when_it_allows_this_page() -> Result<()> {
    let here = Server::start().await?;
    let there = Server::start_with(&[("CAUSERIE_ALLOWED_ORIGINS", &here.url())]).await?;
    let tester = Tester::open(&there, "").await?;
    let pair = tester.make_pair().await?;
    tester.visit(&here.url(), "").await?;
    tester.fill(r#"#first input[name="base"]"#, &there.url()).await?;
    tester.connect(FIRST, &pair.alice, pair.chat).await?;
    tester.say(FIRST, "From another page").await?;
    see_talk(&tester, FIRST, "Alice Lovelace From another page").await?;
    tester.press(FIRST, "load-history").await?;
    tester.see_frame(FIRST, "history").await
}

#[tokio::test]
async fn each_address_loads_its_own_program_and_keeps_it() -> Result<()> {
    let server = Server::start().await?;
    let browser = Browser::open("visitor", causerie_e2e::Screen::WIDE).await?;
    let loaded = "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)";
    for (path, ready, own, other) in [
        ("/", "form", "/causerie-page-", "/causerie-tester"),
        ("/chat-ws-test/", "#first form", "/causerie-tester-", "/causerie-page"),
    ] {
        browser.go_to(&format!("{}{path}", server.url())).await?;
        browser.see(ready).await?;
        let names: Vec<String> = serde_json::from_value(browser.client().execute(loaded, Vec::new()).await?)?;
        // Its parts may be there already.
        let first = names.iter().filter(|name| name.starts_with(own) && !name.ends_with(".part.wasm"));
        ensure!(first.count() == 2, "{path}: {names:?}");
        ensure!(!names.iter().any(|name| name.starts_with(other)), "{path}: {names:?}");
        let script = names.iter().find(|name| name.ends_with("_bg.wasm")).context("a program")?;
        let kept = "const [path, done] = arguments; fetch(path).then(a => done(a.headers.get('cache-control') + ' ' + a.headers.get('content-type')))";
        let kept = browser.client().execute_async(kept, vec![json!(script)]).await?;
        ensure!(kept == json!("public, max-age=31536000, immutable application/wasm"), "{script}: {kept}");
    }
    Ok(())
}
