//! What a person sets of chats in the list, on two devices; what narrows the list, and the keys.

use anyhow::{Result, ensure};
use causerie_e2e::{Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::{Value, json};

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
const CAROL: Account = Account::CAROL;

const MENU: &str = r#"[data-testid="chat-menu"]"#;
const ENTRY: &str = r#"
    const entry = title => [...document.querySelectorAll('a[data-testid="chat"]')]
        .find(chat => chat.querySelector("strong")?.textContent.includes(title));"#;

/// See these chats in the list, in this order, and no other.
async fn see_list(person: &Person, expected: &[&str]) -> Result<()> {
    let script = r#"
        const titles = [...document.querySelectorAll('a[data-testid="chat"] strong')].map(title => title.textContent);
        return titles.length === arguments[0].length && titles.every((title, i) => title.includes(arguments[0][i]));"#;
    person.until(&format!("the list {expected:?}"), script, vec![json!(expected)]).await.map(drop)
}

/// See an element in the entry of a chat, or that it is not there.
async fn see_in_entry(person: &Person, title: &str, selector: &str, is_there: bool) -> Result<()> {
    let script = format!(
        "{ENTRY} const found = entry(arguments[0]);
         return Boolean(found) && (found.querySelector(arguments[1]) !== null) === arguments[2];"
    );
    let arguments = vec![json!(title), json!(selector), json!(is_there)];
    person.until(&format!("{selector} in “{title}”: {is_there}"), &script, arguments).await.map(drop)
}

async fn see_title(person: &Person, beginning: &str) -> Result<()> {
    let script = "return document.title.startsWith(arguments[0])";
    person.until(&format!("the title “{beginning}…”"), script, vec![json!(beginning)]).await.map(drop)
}

/// Open the menu of a chat's entry by the keyboard.
async fn open_menu(person: &Person, title: &str) -> Result<()> {
    let focus = format!("{ENTRY} const found = entry(arguments[0]); found?.focus(); return Boolean(found);");
    person.until(&format!("the chat “{title}”"), &focus, vec![json!(title)]).await?;
    person.press_with("F10", 8).await?;
    person.see(MENU).await.map(drop)
}

/// Choose something in that menu.
async fn choose(person: &Person, title: &str, testid: &str) -> Result<()> {
    open_menu(person, title).await?;
    person.click(&format!(r#"{MENU} [data-testid="{testid}"]"#)).await
}

#[tokio::test]
async fn what_a_person_sets_of_a_chat_is_so_on_their_other_device() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let [bob, carol] = [Person::join(&server, BOB).await?, Person::join(&server, CAROL).await?];
    alice.start_chat(BOB).await?;
    alice.start_chat(CAROL).await?;
    alice.go_home().await?;
    let phone = Person::arrive(&server, ALICE, Screen::PHONE).await?;
    phone.sign_in().await?;
    for person in [&alice, &phone] {
        see_list(person, &[CAROL.name, BOB.name]).await?;
    }
    open_menu(&alice, BOB.name).await?;
    alice.press_escape().await?;
    let is_back = format!("{ENTRY} return document.activeElement === entry(arguments[0])");
    alice.until("the focus on the entry again", &is_back, vec![json!(BOB.name)]).await?;

    choose(&alice, BOB.name, "pin").await?;
    for person in [&alice, &phone] {
        see_list(person, &[BOB.name, CAROL.name]).await?;
    }
    choose(&alice, CAROL.name, "mark-unread").await?;
    for person in [&alice, &phone] {
        see_in_entry(person, CAROL.name, ".dot", true).await?;
    }
    phone.open_chat(CAROL.name).await?;
    see_in_entry(&alice, CAROL.name, ".dot", false).await?;
    phone.go_home().await?;

    // A muted chat counts at its own entry and not in the title; archived and muted it stays where it is.
    choose(&alice, CAROL.name, "mute").await?;
    see_in_entry(&phone, CAROL.name, ".sign", true).await?;
    carol.open_chat(ALICE.name).await?;
    carol.send_message("quiet").await?;
    for person in [&alice, &phone] {
        person.see_unread(CAROL.name, 1).await?;
        see_title(person, "Causerie").await?;
    }
    choose(&alice, CAROL.name, "archive").await?;
    for person in [&alice, &phone] {
        see_list(person, &[BOB.name]).await?;
    }
    carol.send_message("quiet again").await?;
    bob.open_chat(ALICE.name).await?;
    bob.send_message("loud").await?;
    see_title(&phone, "(1) Causerie").await?;
    see_list(&phone, &[BOB.name]).await?;
    // Unmuted it has a message from after it was archived, so it is back, as after a reload.
    phone.click(r#"[data-testid="archived"]"#).await?;
    see_list(&phone, &[CAROL.name]).await?;
    choose(&phone, CAROL.name, "unmute").await?;
    for person in [&alice, &phone] {
        see_list(person, &[BOB.name, CAROL.name]).await?;
        person.reload().await?;
        see_list(person, &[BOB.name, CAROL.name]).await?;
        see_title(person, "(3) Causerie").await?;
        person.see_clean_console().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_long_press_opens_the_menu_and_not_the_chat() -> Result<()> {
    let server = Server::start().await?;
    let [alice, _bob] =
        [Person::arrive(&server, ALICE, Screen::PHONE).await?, Person::join(&server, BOB).await?];
    alice.have_touch_screen().await?;
    alice.register().await?;
    alice.start_chat(BOB).await?;
    alice.go_home().await?;
    let place = format!(
        "{ENTRY} const at = entry(arguments[0])?.getBoundingClientRect();
         return at ? [at.left + 40, at.top + 20] : null;"
    );
    let place = alice.until("the entry", &place, vec![json!(BOB.name)]).await?;
    let finger = |points: Value, kind: &str| json!({"type": kind, "touchPoints": points});
    let point = json!([{"x": place[0], "y": place[1]}]);
    alice.devtools("Input.dispatchTouchEvent", &finger(point, "touchStart")).await?;
    alice.see(MENU).await?;
    alice.devtools("Input.dispatchTouchEvent", &finger(json!([]), "touchEnd")).await?;
    alice.click(&format!(r#"{MENU} [data-testid="mute-hour"]"#)).await?;
    see_in_entry(&alice, BOB.name, ".sign", true).await?;
    ensure!(!alice.has(".app.reading").await?, "the chat was opened");
    Ok(())
}

#[tokio::test]
async fn without_a_connection_nothing_is_set_and_the_page_says_so() -> Result<()> {
    let mut server = Server::start().await?;
    let [alice, _bob] = [Person::join(&server, ALICE).await?, Person::join(&server, BOB).await?];
    alice.start_chat(BOB).await?;
    server.kill().await?;
    alice.see_banner().await?;
    choose(&alice, BOB.name, "pin").await?;
    let words = alice.see_alert().await?;
    ensure!(words.contains("offline"), "the words were “{words}”");
    see_in_entry(&alice, BOB.name, ".sign", false).await
}

#[tokio::test]
async fn the_list_is_narrowed_and_keys_go_through_it() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    let [bob, _carol] = [Person::join(&server, BOB).await?, Person::join(&server, CAROL).await?];
    alice.start_chat(CAROL).await?;
    alice.start_chat(BOB).await?;
    alice.click(r#"button[data-testid="new-chat"]"#).await?;
    let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
    let emails = format!("{}, {}", BOB.email, CAROL.email);
    alice.fill(&format!(r#"{dialog} input[name="email"]"#), &emails).await?;
    alice.fill(&format!(r#"{dialog} input[name="title"]"#), "Harvest").await?;
    alice.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
    alice.see_conversation("Harvest").await?;
    see_list(&alice, &["Harvest", BOB.name, CAROL.name]).await?;
    // While she writes too.
    alice.press_with("ArrowDown", 1).await?;
    alice.see_conversation(BOB.name).await?;
    alice.press_with("ArrowDown", 1).await?;
    alice.see_conversation(CAROL.name).await?;
    alice.press_with("ArrowUp", 1).await?;
    alice.see_conversation(BOB.name).await?;

    let groups = r#"[data-testid="only-groups"]"#;
    alice.click(groups).await?;
    alice.see(&format!(r#"{groups}[aria-pressed="true"]"#)).await?;
    see_list(&alice, &["Harvest"]).await?;
    alice.press_with("ArrowDown", 1).await?;
    alice.see_conversation("Harvest").await?;
    alice.click(groups).await?;
    bob.open_chat(ALICE.name).await?;
    bob.send_message("news").await?;
    alice.see_unread(BOB.name, 1).await?;
    let unread = r#"[data-testid="only-unread"]"#;
    alice.click(unread).await?;
    // With the one that is open.
    see_list(&alice, &[BOB.name, "Harvest"]).await?;

    // In a text field it is a character.
    alice.type_message("?").await?;
    ensure!(!alice.has(r#"dialog[data-testid="keys-dialog"]"#).await?, "the dialog opened while she writes");
    alice.click(unread).await?;
    alice.press_with("?", 8).await?;
    let script = r#"
        const rows = [...document.querySelectorAll('dialog[data-testid="keys-dialog"] dt')];
        return rows.some(row => [...row.querySelectorAll("kbd")].map(key => key.textContent).join("+") === "Alt+↓");"#;
    alice.until("the keys", script, Vec::new()).await?;
    alice.press_escape().await?;
    alice.until("no dialog", "return !document.querySelector('dialog[open]')", Vec::new()).await?;
    alice.see_clean_console().await
}
