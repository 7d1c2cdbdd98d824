//! Causerie in a folder of a site, behind an nginx that passes the folder's path on, and behind one that takes it away.

use anyhow::{Result, ensure};
use causerie_e2e::{FIRST, Person, Tester};
use causerie_testkit::{Account, ReverseProxy, Server};

use super::finds;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;

async fn below(path: &str) -> Result<Server> {
    Server::start_with(&[("CAUSERIE_BASE_PATH", path)]).await
}

/// What two people do with a chat that is below an address: the whole way through it, and a page loaded in the middle.
async fn two_people_talk(home: &str) -> Result<(Person, Person)> {
    let alice = Person::join_at(home, ALICE).await?;
    let bob = Person::join_at(home, BOB).await?;
    alice.start_chat(BOB).await?;
    bob.open_chat(ALICE.name).await?;
    alice.send_message("from a folder").await?;
    bob.see_message("from a folder").await?;
    let url = alice.client().current_url().await?.to_string();
    ensure!(url.starts_with(&format!("{home}/chats/")), "{url}");
    alice.reload().await?;
    alice.see_message("from a folder").await?;
    alice.see_online().await?;
    alice.client().back().await?;
    alice.see_chats().await?;
    let url = alice.client().current_url().await?.to_string();
    ensure!(url == format!("{home}/"), "{url}");
    Ok((alice, bob))
}

#[tokio::test]
async fn people_talk_where_the_proxy_passes_the_folder_on() -> Result<()> {
    let server = below("/chat/").await?;
    let proxy = ReverseProxy::start("folder", server.port()).await?;
    let home = proxy.url() + "/chat";
    let (alice, bob) = two_people_talk(&home).await?;
    alice.see_clean_console().await?;
    bob.see_clean_console().await
}

#[tokio::test]
async fn two_installations_in_two_folders_of_a_site_do_not_meet() -> Result<()> {
    let (one, other) = (below("chat").await?, below("/team/talk").await?);
    let proxy = ReverseProxy::start_with("two-folders", one.port(), other.port()).await?;
    let (alice, _bob) = two_people_talk(&(proxy.url() + "/chat")).await?;
    // The same browser at the other one: a stranger there, and still signed in here.
    alice.go_to(&(proxy.url() + "/team/talk/")).await?;
    alice.see_sign_in().await?;
    alice.go_to(&(proxy.url() + "/chat/")).await?;
    alice.see_chats().await
}

#[tokio::test]
async fn the_tester_and_its_doctor_find_the_server_in_its_folder() -> Result<()> {
    let server = below("/chat").await?;
    let proxy = ReverseProxy::start("folder", server.port()).await?;
    let home = proxy.url() + "/chat";
    let tester = Tester::open_at(&home, "").await?;
    let pair = tester.make_pair().await?;
    tester.fill_in(FIRST, &pair.alice, pair.chat).await?;
    finds(&tester, "all_well").await?;
    let link = tester.client().execute("return document.querySelector('.bar a').href", Vec::new()).await?;
    ensure!(link.as_str() == Some(&*format!("{home}/")), "{link}");
    Ok(())
}
