//! Photographs the page as two people see it: narrow and wide, light and dark, into the folder named first.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use causerie_e2e::{Person, Screen};
use causerie_testkit::{Account, Server};
use tokio::try_join;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

/// Who says what, `true` for Alice.
const TALK: &[(bool, &str)] = &[
    (true, "Bonjour Bob! Did the old messages come across?"),
    (false, "All of them. And the server was restarted twice while we talked 🙂"),
    (true, "I saw a banner for a second, then everything was back."),
    (false, "That is the idea: a message that shows as sent is kept.\nIf it is not sent, it says so."),
    (true, "Shall we move the whole team this week?"),
    (false, "Thursday, after lunch. One file to copy, nothing else to install."),
];

#[tokio::main]
async fn main() -> Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).context("name the folder for the pictures")?);
    let server = Server::start().await?;
    let visitor = Person::arrive(&server, ALICE, Screen::WIDE).await?;
    photograph(&visitor, &folder, "sign-in", "form[data-testid=\"sign-in\"]").await?;
    drop(visitor);

    let (alice, bob) = try_join!(Person::join(&server, ALICE), Person::join(&server, BOB))?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    for (is_alice, text) in TALK {
        let (sender, reader) = if *is_alice { (&alice, &bob) } else { (&bob, &alice) };
        sender.send_message(text).await?;
        reader.see_message(text).await?;
    }
    photograph(&alice, &folder, "conversation", "ol.timeline .bubble").await?;

    alice.go_home().await?;
    alice.see_chats().await?;
    alice.see_chat_with_last_line(BOB.name, "Thursday").await?;
    photograph(&alice, &folder, "chats", "a[data-testid=\"chat\"]").await?;

    let mut server = server;
    alice.open_chat(BOB.name).await?;
    server.kill().await?;
    alice.see_banner().await?;
    alice.send_message("Typed while the server is away").await?;
    photograph(&alice, &folder, "away", ".banner").await
}

/// One view, in every size and colour, once `selector` shows.
async fn photograph(person: &Person, folder: &Path, view: &str, selector: &str) -> Result<()> {
    for (size, screen) in [("390", Screen::PHONE), ("1280", Screen::WIDE)] {
        person.resize(screen).await?;
        for colours in ["light", "dark"] {
            person.prefer_colours(colours).await?;
            person.see(selector).await?;
            person.screenshot(&folder.join(format!("{view}-{size}-{colours}.png"))).await?;
        }
    }
    Ok(())
}
