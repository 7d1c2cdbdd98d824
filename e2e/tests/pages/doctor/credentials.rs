//! What can be wrong with a token or a chat.

use anyhow::{Result, ensure};
use causerie_e2e::FIRST;
use causerie_testkit::{Account, Server};
use serde_json::json;

use super::{at, finds};

/// A month, in the words of the library that turns clocks back; sign-ins are good for 30 days.
const A_MONTH_AGO: &str = "-31d";

#[tokio::test]
async fn a_token_that_is_none_or_of_nobody() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    for (token, finding) in
        [("", "no_token"), ("not one, with spaces", "token_malformed"), (&"A".repeat(64), "token_unknown")]
    {
        tester.fill_in(FIRST, token, pair.chat).await?;
        finds(&tester, finding).await?;
    }
    tester.sign_in(FIRST, Account::ALICE).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn a_token_that_was_good_and_is_not_any_more() -> Result<()> {
    let mut server = Server::start_at(A_MONTH_AGO).await?;
    let (tester, pair) = at(&server).await?;
    server.restart_with(&[]).await?;
    finds(&tester, "token_expired").await?;
    tester.sign_in(FIRST, Account::ALICE).await?;
    tester.see_helped(FIRST).await?;

    let token = tester.value(r#"#first input[name="token"]"#).await?;
    tester.api("POST", "/api/auth/logout/", &token, json!(null)).await?;
    finds(&tester, "token_revoked").await?;
    tester.sign_in(FIRST, Account::BOB).await?;
    tester.fill(r#"#first input[name="chat"]"#, &pair.chat.to_string()).await?;
    tester.see_helped(FIRST).await
}

#[tokio::test]
async fn a_chat_that_is_not_there_or_not_this_person_s() -> Result<()> {
    let server = Server::start().await?;
    let (tester, pair) = at(&server).await?;
    let carol = tester.register(Account::CAROL).await?;
    for (token, chat) in [(&pair.alice, pair.chat + 1), (&carol, pair.chat)] {
        tester.fill_in(FIRST, token, chat).await?;
        let words = finds(&tester, "chat_not_found").await?;
        ensure!(words.contains(&format!("chat {chat}")), "the chat is told: {words}");
    }
    // The remedy: ask who is in it to be added. A chat of two stays one, so it is their group.
    let group = json!({"participants": [Account::BOB.email, Account::CAROL.email], "title": "Garden"});
    let group = tester.api("POST", "/api/chats/", &pair.alice, group).await?;
    tester.fill_in(FIRST, &carol, group["id"].as_i64().unwrap_or_default()).await?;
    tester.see_helped(FIRST).await
}
