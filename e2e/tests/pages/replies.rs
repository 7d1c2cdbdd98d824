//! Replies, and the addresses of messages, in browsers.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

async fn two_people(server: &Server) -> Result<(Person, Person)> {
    let (alice, bob) = try_join!(Person::join(server, ALICE), Person::join(server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    Ok((alice, bob))
}

/// Waits until the replies on the page show these originals.
async fn sees_originals(person: &Person, expected: &[&str]) -> Result<()> {
    let script = r#"
        const quotes = [...document.querySelectorAll('ol.timeline [data-testid="quote"]')].map(quote => quote.innerText);
        return quotes.length === arguments[0].length && quotes.every((text, i) => text.includes(arguments[0][i]));"#;
    person.until(&format!("the originals {expected:?}"), script, vec![json!(expected)]).await.map(drop)
}

/// Waits until the composer says that it replies to this.
async fn replies_to(person: &Person, words: &str) -> Result<()> {
    let script = r#"
        const note = document.querySelector('[data-testid="replying"]');
        return Boolean(note?.innerText.includes(arguments[0]));"#;
    person.until(&format!("a reply to “{words}”"), script, vec![json!(words)]).await.map(drop)
}

/// Runs a script with `row`, the row of the message with this text.
async fn with_row(person: &Person, text: &str, script: &str) -> Result<()> {
    let find = r#"
        const rows = [...document.querySelectorAll("ol.timeline li.turn")];
        const row = rows.find(row => row.querySelector(".bubble").textContent.includes(arguments[0]));
        if (!row) return false;"#;
    let script = format!("{find} {script}; return true;");
    person.until(&format!("the message “{text}”"), &script, vec![json!(text)]).await.map(drop)
}

/// Waits until the message with this text is marked and on the screen.
async fn is_led_to(person: &Person, text: &str) -> Result<()> {
    let script = r#"
        const row = document.querySelector("li.turn.found");
        const frame = document.querySelector(".scroller").getBoundingClientRect();
        const at = row?.getBoundingClientRect();
        return Boolean(row?.textContent.includes(arguments[0])) && at.top >= frame.top && at.bottom <= frame.bottom;"#;
    person.until(&format!("the message “{text}” on the screen"), script, vec![json!(text)]).await.map(drop)
}

async fn path(person: &Person) -> Result<String> {
    let path = person.client().execute("return location.pathname", Vec::new()).await?;
    Ok(path.as_str().unwrap_or_default().to_owned())
}

/// Writes messages with the numbers from 1 on as their texts, by the API.
async fn write_many(person: &Person, count: usize) -> Result<u64> {
    let (email, password) = (person.account().email, person.account().password);
    let session =
        person.api("POST", "/api/auth/login/", "", json!({"email": email, "password": password})).await?;
    let token = session["token"].as_str().context("a token")?;
    let chat: u64 = path(person).await?.trim_start_matches("/chats/").parse()?;
    // One after the other, so that the text of each says its position.
    let script = r#"
        const [path, token, count, done] = arguments;
        const headers = {"content-type": "application/json", authorization: "Bearer " + token};
        const write = async () => {
            for (let number = 1; number <= count; number += 1) {
                const body = JSON.stringify({content: `number ${number}.`});
                const answer = await fetch(path, {method: "POST", headers, body});
                if (!answer.ok) return answer.status;
            }
            return "written";
        };
        write().then(done, error => done(String(error)));"#;
    let arguments = vec![json!(format!("/api/chats/{chat}/messages/")), json!(token), json!(count)];
    let written = person.client().execute_async(script, arguments).await?;
    ensure!(written == "written", "{written}");
    person.see_message(&format!("number {count}.")).await?;
    Ok(chat)
}

#[tokio::test]
async fn a_reply_shows_its_original_and_follows_its_edits_and_its_deletion() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.send_message("Tea?").await?;
    bob.see_message("Tea?").await?;
    with_row(&bob, "Tea?", r#"row.querySelector('[data-testid="reply"]').click()"#).await?;
    replies_to(&bob, "Tea?").await?;
    // What is being written survives a reload, with what it replies to.
    bob.type_message("With pleasure").await?;
    bob.reload().await?;
    replies_to(&bob, "Tea?").await?;
    bob.click(r#"button[data-testid="send"]"#).await?;
    alice.see_message("With pleasure").await?;
    for person in [&alice, &bob] {
        sees_originals(person, &["Tea?"]).await?;
    }
    ensure!(!bob.has(r#"[data-testid="replying"]"#).await?, "the next message replies to nothing");

    with_row(
        &alice,
        "Tea?",
        r#"[...row.querySelectorAll(".menu button")].find(one => one.textContent === "Edit").click()"#,
    )
    .await?;
    alice.fill(r#"textarea[name="message"]"#, "Coffee?").await?;
    alice.click(r#"button[data-testid="send"]"#).await?;
    for person in [&alice, &bob] {
        sees_originals(person, &["Coffee?"]).await?;
    }
    let delete =
        r#"[...row.querySelectorAll(".menu button")].find(one => one.textContent === "Delete").click()"#;
    with_row(&alice, "Coffee?", &format!(r#"if (row.querySelector(".quote")) return false; {delete}"#))
        .await?;
    alice.click(r#"[data-testid="delete-message"]"#).await?;
    for person in [&alice, &bob] {
        sees_originals(person, &["deleted message"]).await?;
        person.reload().await?;
        sees_originals(person, &["deleted message"]).await?;
        person.see_clean_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_key_r_and_a_swipe_begin_a_reply_and_nothing_else_does() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    alice.send_message("Tea?").await?;
    bob.see_message("Tea?").await?;
    let key =
        r#"document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "r", bubbles: true}))"#;
    with_row(&bob, "Tea?", &format!(r#"document.querySelector("textarea").focus(); {key}"#)).await?;
    let swipe = |x: i32, y: i32| {
        format!(
            r#"const bubble = row.querySelector(".bubble");
               const point = (type, x, y) => bubble.dispatchEvent(new PointerEvent(type,
                   {{pointerId: 7, pointerType: "touch", clientX: x, clientY: y, bubbles: true}}));
               point("pointerdown", 100, 100); point("pointermove", 100 + {x}, 100 + {y}); point("pointerup", 100 + {x}, 100 + {y})"#
        )
    };
    for (x, y) in [(20, 0), (-80, 0), (60, 90)] {
        with_row(&bob, "Tea?", &swipe(x, y)).await?;
    }
    ensure!(!bob.has(r#"[data-testid="replying"]"#).await?, "who writes an r, or scrolls, does not reply");
    with_row(&bob, "Tea?", &format!(r#"row.querySelector(".menu summary").focus(); {key}"#)).await?;
    replies_to(&bob, "Tea?").await?;
    bob.press("\u{e00c}").await?;
    let gone = r#"return document.querySelector('[data-testid="replying"]') === null"#;
    bob.until("no reply any more", gone, Vec::new()).await?;
    with_row(&bob, "Tea?", &swipe(80, 5)).await?;
    replies_to(&bob, "Tea?").await?;
    bob.send_message("With pleasure").await?;
    sees_originals(&alice, &["Tea?"]).await
}

#[tokio::test]
async fn a_reply_leads_to_its_original_far_above_and_back() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    bob.send_message("Tea?").await?;
    with_row(&bob, "Tea?", r#"row.querySelector('[data-testid="reply"]').click()"#).await?;
    replies_to(&bob, "Tea?").await?;
    write_many(&alice, 130).await?;
    bob.send_message("With pleasure").await?;
    alice.see_message("With pleasure").await?;
    // Afresh, so that what is far above is not loaded.
    alice.reload().await?;
    sees_originals(&alice, &["Tea?"]).await?;
    ensure!(!alice.has(r#"li[data-seq="1"]"#).await?, "the original is not loaded");
    alice.click(r#"[data-testid="quote"]"#).await?;
    is_led_to(&alice, "Tea?").await?;
    ensure!(path(&alice).await?.ends_with("/1"), "the original has an address");
    alice.click(r#"[data-testid="back-to-reply"]"#).await?;
    is_led_to(&alice, "With pleasure").await?;
    // The browser's own way back leads to the original, and then to the reply.
    for text in ["Tea?", "With pleasure"] {
        alice.client().back().await?;
        is_led_to(&alice, text).await?;
    }
    alice.see_clean_console().await
}

#[tokio::test]
async fn an_address_of_a_message_shows_it_and_scrolling_down_leads_to_what_comes_now() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    let chat = write_many(&alice, 230).await?;
    bob.go_to(&format!("{}/chats/{chat}/57", server.url())).await?;
    is_led_to(&bob, "number 57.").await?;
    alice.send_message("said meanwhile").await?;
    // Down to the end, page by page, each message once and in order.
    let down = r#"
        const scroller = document.querySelector(".scroller");
        const turns = [...document.querySelectorAll("li.turn")].map(turn => Number(turn.dataset.seq));
        const ordered = turns.every((seq, at) => at === 0 || seq === turns[at - 1] + 1);
        if (!ordered) return "a gap in " + turns.join(" ");
        scroller.scrollTop = 0;
        return turns.at(-1) === 231 && "end";"#;
    let end = bob.until("the end of the chat", down, Vec::new()).await?;
    ensure!(end == "end", "{end}");
    alice.send_message("and now").await?;
    bob.see_message("and now").await?;

    bob.go_to(&format!("{}/chats/{chat}/20", server.url())).await?;
    is_led_to(&bob, "number 20.").await?;
    bob.click("button.latest").await?;
    bob.see_message("and now").await?;
    ensure!(path(&bob).await? == format!("/chats/{chat}"), "the address is the chat's again");
    ensure!(!bob.has(r#"li[data-seq="20"]"#).await?, "what is far above is not loaded");
    // What is written from an older place stands at the end.
    bob.go_to(&format!("{}/chats/{chat}/20", server.url())).await?;
    is_led_to(&bob, "number 20.").await?;
    bob.send_message("from far above").await?;
    alice.see_message("from far above").await?;

    bob.go_to(&format!("{}/chats/{chat}/9999", server.url())).await?;
    let words = bob.see_alert().await?;
    ensure!(words.contains("not here"), "{words}");
    bob.see_clean_console().await
}

#[tokio::test]
async fn on_a_phone_a_message_has_an_address_in_its_menu() -> Result<()> {
    let server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    let browser = Browser::open(ALICE.name, Screen::PHONE).await?;
    browser.have_touch_screen().await?;
    let alice = Person::arrive_with(browser, &server, ALICE).await?;
    alice.register().await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    bob.send_message("Tea?").await?;
    alice.see_message("Tea?").await?;
    alice.click(".turn .menu summary").await?;
    alice.click(r#"[data-testid="message-link"]"#).await?;
    is_led_to(&alice, "Tea?").await?;
    ensure!(path(&alice).await?.ends_with("/1"), "the page is at the message's address");
    Ok(())
}

#[tokio::test]
async fn on_a_phone_the_button_to_the_latest_message_does_not_cover_that_a_reply_is_cancelled() -> Result<()>
{
    let server = Server::start().await?;
    let bob = Person::join(&server, BOB).await?;
    let browser = Browser::open(ALICE.name, Screen::PHONE).await?;
    browser.have_touch_screen().await?;
    let alice = Person::arrive_with(browser, &server, ALICE).await?;
    alice.register().await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    let chat = write_many(&bob, 30).await?;
    alice.go_to(&format!("{}/chats/{chat}/3", server.url())).await?;
    is_led_to(&alice, "number 3.").await?;
    with_row(&alice, "number 3.", r#"row.querySelector('[data-testid="reply"]').click()"#).await?;
    replies_to(&alice, "number 3.").await?;
    alice.see("button.latest").await?;
    alice.click(r#"[data-testid="replying"] button"#).await?;
    let is_gone = r#"return !document.querySelector('[data-testid="replying"]')"#;
    alice.until("a message that replies to nothing", is_gone, Vec::new()).await.map(drop)
}

#[tokio::test]
async fn a_pinned_message_stands_above_the_conversation_and_leads_to_it() -> Result<()> {
    let server = Server::start().await?;
    let (alice, bob) = two_people(&server).await?;
    bob.send_message("Meet at eight").await?;
    alice.see_message("Meet at eight").await?;
    alice.click(".turn .menu summary").await?;
    alice.click(r#".turn .menu [data-testid="pin-message"]"#).await?;
    let shows = r#"return document.querySelector('[data-testid="pinned"]')?.innerText.includes("Meet at eight") ?? false"#;
    for person in [&alice, &bob] {
        person.until("the pinned message", shows, vec![]).await?;
    }
    bob.click(r#"[data-testid="pinned"] .quote"#).await?;
    is_led_to(&bob, "Meet at eight").await?;
    bob.click(r#"[data-testid="unpin-message"]"#).await?;
    let gone = r#"return !document.querySelector('[data-testid="pinned"]')"#;
    alice.until("nothing to be pinned", gone, vec![]).await.map(drop)
}
