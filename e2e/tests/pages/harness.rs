//! The harness itself, on a page of three lines: what it types arrives, and a failed wait tells what was seen.

use std::time::Duration;

use anyhow::{Context, Result};
use causerie_e2e::{Browser, Screen};
use serde_json::json;

const PAGE: &str = "data:text/html;charset=utf-8,<p>Nothing yet</p><input name=a value=old>\
                    <button onclick=\"document.querySelector('p').innerText=document.querySelector('input').value\">Show</button>";

#[tokio::test]
async fn what_is_typed_arrives_and_a_failed_wait_tells_what_was_seen() -> Result<()> {
    let browser = Browser::open("harness", Screen::PHONE).await?;
    browser.go_to(PAGE).await?;
    let width = browser.client().execute("return innerWidth", Vec::new()).await?;
    assert!(width.as_u64().context("a width")? >= 390, "{width}");

    browser.fill("input", "été 🌻 שלום").await?;
    browser.click("button").await?;
    let text = "return document.querySelector('p').innerText === arguments[0]";
    browser.until("the text", text, vec![json!("été 🌻 שלום")]).await?;

    let short = Duration::from_millis(1);
    let error = browser.until_within(short, "a miracle", "return false", Vec::new()).await.unwrap_err();
    let error = error.to_string();
    assert!(error.contains("a miracle") && error.contains("été"), "{error}");
    Ok(())
}
