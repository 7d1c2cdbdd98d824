//! A page that can't be loaded says so, in the reader's language, tries once more by itself, and has a way to do it again.

use anyhow::{Result, ensure};
use causerie_e2e::{Browser, Fault, Front, Person, Screen};
use causerie_testkit::{Account, Server};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const BOB: Account = Account::BOB;
/// Always, as far as a test goes.
const ALWAYS: usize = usize::MAX;
/// What says that the page did not start, once it shows.
const FAILED: &str = "#failed.now";
/// A program that stops at its first instruction, as one does that panics.
const TRAP: &str = "const trap = () => new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(\
    [0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,5,1,3,0,0,11]))).exports.f();";

/// The page before a server, through something that breaks what a test tells it to.
async fn before_a_server() -> Result<(Server, Front)> {
    let server = Server::start().await?;
    let front = Front::start(vec![server.port()]).await?;
    Ok((server, front))
}

async fn browser() -> Result<Browser> {
    Browser::open("a visitor", Screen::WIDE).await
}

async fn see_the_sign_in_page(browser: &Browser) -> Result<()> {
    browser.see(r#"form[data-testid="sign-in"], form[data-testid="register"]"#).await.map(drop)
}

/// The words that show, once they do.
async fn see_failed(browser: &Browser) -> Result<String> {
    browser.see(FAILED).await?;
    let text =
        browser.client().execute("return document.getElementById('failed').innerText", Vec::new()).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_file_that_fails_once_costs_a_second_try_and_no_click() -> Result<()> {
    for (file, fault) in [
        ("_bg.wasm", Fault::Status(502)),
        (".js", Fault::Status(502)),
        (".css", Fault::Status(502)),
        ("_bg.wasm", Fault::Cut),
        (".js", Fault::Cut),
        // Kept by the browser for a year, but for a try that asks for everything anew.
        ("_bg.wasm", Fault::Replaced(b"no program".to_vec())),
        (".js", Fault::Replaced(b"no script at all".to_vec())),
        // Of another version: the node that was asked has no such file.
        ("_bg.wasm", Fault::Status(404)),
    ] {
        let (_server, front) = before_a_server().await?;
        let browser = browser().await?;
        front.breaks(file, fault.clone(), 1);
        browser.go_to(&front.url()).await?;
        see_the_sign_in_page(&browser).await?;
        // An unbroken style may be there before; the sign-in page shows without it too, and then the page is loaded again.
        let styled = "return getComputedStyle(document.body).fontFamily.includes('system-ui')";
        browser.until("the style", styled, Vec::new()).await?;
        see_the_sign_in_page(&browser).await?;
        ensure!(front.asked(file) > 1, "{file} {fault:?} was not tried again");
    }
    Ok(())
}

#[tokio::test]
async fn what_can_not_be_loaded_is_told_after_one_more_try_and_reload_works() -> Result<()> {
    for (language, reload, told) in
        [("en-GB", "Reload", "Causerie has not started"), ("vi-VN", "Tải lại", "Causerie chưa khởi động")]
    {
        let (_server, front) = before_a_server().await?;
        let browser = Browser::open_in("a visitor", Screen::PHONE, language).await?;
        front.breaks("_bg.wasm", Fault::Status(502), ALWAYS);
        browser.go_to(&front.url()).await?;
        let text = see_failed(&browser).await?;
        ensure!(text.contains(told) && text.contains(reload) && text.contains("502"), "{text}");
        ensure!(
            !text.contains("fault") && text.matches("Causerie").count() == 1,
            "more than one reason: {text}"
        );
        // The first load and one more try, which finds the file missing and leaves the page as it is.
        ensure!(front.asked("_bg.wasm") == 2, "asked {} times", front.asked("_bg.wasm"));
        front.mend();
        browser.click("#failed button").await?;
        see_the_sign_in_page(&browser).await?;
        ensure!(browser.client().find_all(fantoccini::Locator::Css(FAILED)).await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_program_that_breaks_down_at_its_start_is_told_as_its_own_fault() -> Result<()> {
    let (_server, front) = before_a_server().await?;
    let browser = browser().await?;
    front.breaks(".js", Fault::Replaced(format!("{TRAP} export default trap").into_bytes()), ALWAYS);
    browser.go_to(&front.url()).await?;
    let text = see_failed(&browser).await?;
    ensure!(text.contains("fault of its own") && text.contains("RuntimeError"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_program_that_breaks_down_later_is_told_too() -> Result<()> {
    let (_server, front) = before_a_server().await?;
    for how in ["setTimeout(trap)", "Promise.resolve().then(trap)"] {
        let browser = browser().await?;
        browser.go_to(&front.url()).await?;
        see_the_sign_in_page(&browser).await?;
        // A fault of the page's guests, as an extension of the browser, is none of the program.
        browser.client().execute("setTimeout(() => { throw Error('of a guest') })", Vec::new()).await?;
        browser.client().execute(&format!("{TRAP} {how}; return 1"), Vec::new()).await?;
        let text = see_failed(&browser).await?;
        ensure!(text.contains("fault of its own") && text.contains("What you sent is safe"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_browser_without_webassembly_is_told_so() -> Result<()> {
    let (_server, front) = before_a_server().await?;
    let browser = browser().await?;
    let without = json!({"source": "delete window.WebAssembly"});
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", &without).await?;
    browser.go_to(&front.url()).await?;
    let text = see_failed(&browser).await?;
    ensure!(text.contains("WebAssembly") && text.contains("can’t run it"), "{text}");
    Ok(())
}

#[tokio::test]
async fn where_no_script_runs_the_style_alone_says_so_after_a_while() -> Result<()> {
    let (_server, front) = before_a_server().await?;
    let browser = browser().await?;
    // Another script than the policy names: the browser runs none.
    front.breaks("/", Fault::Edited("<script>", "<script>;"), ALWAYS);
    browser.go_to(&front.url()).await?;
    let hidden = "return getComputedStyle(document.getElementById('failed')).visibility === 'hidden'";
    browser.until("nothing told yet", hidden, Vec::new()).await?;
    browser
        .client()
        .execute(
            "document.getElementById('failed').getAnimations().forEach(each => each.finish())",
            Vec::new(),
        )
        .await?;
    browser.see("#failed").await?;
    let text =
        browser.client().execute("return document.getElementById('failed').innerText", Vec::new()).await?;
    let text = text.as_str().unwrap_or_default();
    for said in ["has not started", "Reload", "chưa khởi động", "Tải lại"] {
        ensure!(text.contains(said), "{text}");
    }
    front.mend();
    browser.click("#failed button").await?;
    see_the_sign_in_page(&browser).await
}

#[tokio::test]
async fn a_document_that_can_not_be_had_again_does_not_take_the_place_of_what_is_told() -> Result<()> {
    let (mut server, front) = before_a_server().await?;
    let browser = browser().await?;
    front.breaks("_bg.wasm", Fault::Cut, ALWAYS);
    let seen = "return document.readyState === 'complete'";
    browser.go_to(&front.url()).await?;
    browser.until("the document", seen, Vec::new()).await?;
    server.kill().await?;
    let text = see_failed(&browser).await?;
    ensure!(text.contains("has not started"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_part_that_fails_once_costs_a_second_try_and_no_click() -> Result<()> {
    let part = "-conversation.part.wasm";
    // The damaged one would be kept by the browser for a year.
    for fault in [Fault::Status(502), Fault::Replaced(b"no program".to_vec())] {
        let (server, front) = before_a_server().await?;
        front.breaks(part, fault.clone(), 1);
        let alice = Person::join_at(&front.url(), ALICE).await?;
        let bob = Person::join(&server, BOB).await?;
        alice.start_chat(BOB).await?;
        alice.send_message("It was only late").await?;
        bob.open_chat(ALICE.name).await?;
        bob.see_message("It was only late").await?;
        ensure!(front.asked(part) == 2, "{fault:?}: asked {} times", front.asked(part));
    }
    Ok(())
}

#[tokio::test]
async fn a_dialog_whose_part_can_not_be_loaded_says_so_and_is_loaded_at_the_next_try() -> Result<()> {
    let (_server, front) = before_a_server().await?;
    front.breaks("-dialogs.part.wasm", Fault::Status(502), ALWAYS);
    let alice = Person::join_at(&front.url(), ALICE).await?;
    let settings = r#"button[data-testid="settings"]"#;
    alice.click(settings).await?;
    alice.see_text("This part of the page did not arrive").await?;
    alice.click(r#"[data-testid="load-part"]"#).await?;
    alice.see_text("This part of the page did not arrive").await?;
    front.mend();
    alice.click(r#"[data-testid="load-part"]"#).await?;
    alice.see(r#"dialog[data-testid="settings-dialog"]"#).await?;
    Ok(())
}
