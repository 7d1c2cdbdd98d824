//! Photographs the page as two people see it: narrow and wide, light and dark, into the folder named first.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use causerie_e2e::{Account, Person, Screen, Server};
use tokio::try_join;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

/// Who says what, `true` for Ada.
const TALK: &[(bool, &str)] = &[
    (true, "Bonjour Bruno! Did the old messages come across?"),
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
    let visitor = Person::arrive(&server, ADA, Screen::WIDE).await?;
    photograph(&visitor, &folder, "sign-in", "form[data-testid=\"sign-in\"]").await?;
    drop(visitor);

    let (ada, bruno) = try_join!(Person::join(&server, ADA), Person::join(&server, BRUNO))?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    for (is_ada, text) in TALK {
        let (sender, reader) = if *is_ada { (&ada, &bruno) } else { (&bruno, &ada) };
        sender.send_message(text).await?;
        reader.see_message(text).await?;
    }
    photograph(&ada, &folder, "conversation", "ol.timeline .bubble").await?;

    ada.go_home().await?;
    ada.see_chats().await?;
    ada.see_chat_with_last_line(BRUNO.name, "Thursday").await?;
    photograph(&ada, &folder, "chats", "a[data-testid=\"chat\"]").await?;

    let mut server = server;
    ada.open_chat(BRUNO.name).await?;
    server.kill().await?;
    ada.see_banner().await?;
    ada.send_message("Typed while the server is away").await?;
    photograph(&ada, &folder, "away", ".banner").await
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
