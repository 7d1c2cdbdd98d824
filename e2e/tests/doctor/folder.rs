//! Causerie in a folder of a site, behind an nginx that passes the folder's path on, and behind one that takes it away.

use anyhow::{Result, ensure};
use causerie_e2e::{Account, FIRST, Person, Proxy, Server, Tester};

use crate::finds;

const ADA: Account = Account::ADA;
const BRUNO: Account = Account::BRUNO;

async fn below(path: &str) -> Result<Server> {
    Server::start_with(&[("CAUSERIE_BASE_PATH", path)]).await
}

/// What two people do with a chat that is below an address: the whole way through it, and a page loaded in the middle.
async fn two_people_talk(home: &str) -> Result<(Person, Person)> {
    let ada = Person::join_at(home, ADA).await?;
    let bruno = Person::join_at(home, BRUNO).await?;
    ada.start_chat(BRUNO).await?;
    bruno.open_chat(ADA.name).await?;
    ada.send_message("from a folder").await?;
    bruno.see_message("from a folder").await?;
    let url = ada.client().current_url().await?.to_string();
    ensure!(url.starts_with(&format!("{home}/chats/")), "{url}");
    ada.reload().await?;
    ada.see_message("from a folder").await?;
    ada.see_online().await?;
    ada.client().back().await?;
    ada.see_chats().await?;
    let url = ada.client().current_url().await?.to_string();
    ensure!(url == format!("{home}/"), "{url}");
    Ok((ada, bruno))
}

#[tokio::test]
async fn people_talk_where_the_proxy_passes_the_folder_on() -> Result<()> {
    let server = below("/chat/").await?;
    let proxy = Proxy::start("folder", server.port()).await?;
    let home = proxy.url() + "/chat";
    let (ada, bruno) = two_people_talk(&home).await?;
    ada.see_clean_console().await?;
    bruno.see_clean_console().await
}

#[tokio::test]
async fn two_installations_in_two_folders_of_a_site_do_not_meet() -> Result<()> {
    let (one, other) = (below("chat").await?, below("/team/talk").await?);
    let proxy = Proxy::start_with("two-folders", one.port(), other.port()).await?;
    let (ada, _bruno) = two_people_talk(&(proxy.url() + "/chat")).await?;
    // The same browser at the other one: a stranger there, and still signed in here.
    ada.go_to(&(proxy.url() + "/team/talk/")).await?;
    ada.see_sign_in().await?;
    ada.go_to(&(proxy.url() + "/chat/")).await?;
    ada.see_chats().await
}

#[tokio::test]
async fn the_tester_and_its_doctor_find_the_server_in_its_folder() -> Result<()> {
    let server = below("/chat").await?;
    let proxy = Proxy::start("folder", server.port()).await?;
    let home = proxy.url() + "/chat";
    let tester = Tester::open_at(&home, "").await?;
    let pair = tester.make_pair().await?;
    tester.fill_in(FIRST, &pair.ada, pair.chat).await?;
    finds(&tester, "all_well").await?;
    let link = tester.client().execute("return document.querySelector('.bar a').href", Vec::new()).await?;
    ensure!(link.as_str() == Some(&*format!("{home}/")), "{link}");
    Ok(())
}
