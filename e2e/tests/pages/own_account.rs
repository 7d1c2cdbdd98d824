//! One's own account: a second factor, a forgotten password, and its deletion, with the keyboard alone.

use anyhow::{Context, Result, ensure};
use causerie_e2e::{Browser, Person, Screen};
use causerie_testkit::{Account, Authenticator, Server};
use serde_json::json;

const ALICE: Account = Account::ALICE;
const FACTOR: &str = r#"[data-testid="second-factor"]"#;

/// Opens the settings.
async fn open_settings(browser: &Browser) -> Result<()> {
    browser.tab_to(r#"button[data-testid="settings"]"#).await?;
    browser.press_enter().await?;
    browser.see(r#"form[data-testid="account"]"#).await.map(drop)
}

/// Writes into a field that it reaches by Tab.
async fn write(browser: &Browser, selector: &str, text: &str) -> Result<()> {
    browser.tab_to(selector).await?;
    browser.insert_text(text).await
}

/// Sets up a second factor in the open settings; the app that has it, and the recovery codes.
async fn set_up_factor(browser: &Browser, password: &str) -> Result<(Authenticator, Vec<String>)> {
    browser.tab_to(&format!("{FACTOR} summary")).await?;
    browser.press_enter().await?;
    write(browser, r#"input[name="factor_password"]"#, password).await?;
    browser.press_enter().await?;
    let secret = browser.see(r#"[data-testid="factor-secret"]"#).await?;
    let secret = secret.prop("value").await?.context("there is no secret")?;
    browser.see(&format!("{FACTOR} svg.qr path")).await?;
    let app = Authenticator::new(&secret)?;
    write(browser, r#"form[data-testid="confirm-factor"] input[name="code"]"#, &app.code()?).await?;
    browser.press_enter().await?;
    browser.see(r#"[data-testid="recovery-codes"]"#).await?;
    let script = r#"return [...document.querySelectorAll('[data-testid="recovery-codes"] code')].map(code => code.textContent)"#;
    let codes = serde_json::from_value(browser.client().execute(script, Vec::new()).await?)?;
    browser.tab_to(r#"[data-testid="codes-kept"]"#).await?;
    browser.press_enter().await?;
    Ok((app, codes))
}

/// Sends the sign-in form.
async fn give_password(browser: &Browser, password: &str) -> Result<()> {
    // A field that is reached by Tab is selected as a whole.
    write(browser, r#"form[data-testid="sign-in"] input[name="email"]"#, ALICE.email).await?;
    write(browser, r#"form[data-testid="sign-in"] input[name="password"]"#, password).await?;
    browser.press_enter().await
}

#[tokio::test]
async fn a_second_factor_is_set_up_and_asked_for_by_keyboard() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    open_settings(&alice).await?;
    let (app, codes) = set_up_factor(&alice, ALICE.password).await?;
    ensure!(codes.len() == 10, "{codes:?}");
    if !alice.has(&format!("{FACTOR}[open]")).await? {
        alice.tab_to(&format!("{FACTOR} summary")).await?;
        alice.press_enter().await?;
    }
    alice.see_text("Recovery codes left: 10").await?;
    alice.tab_to(r#"button[data-testid="sign-out"]"#).await?;
    alice.press_enter().await?;

    give_password(&alice, ALICE.password).await?;
    // The caret is where the code goes.
    alice.see(r#"input[name="code"]:focus"#).await?;
    alice.see_alert().await?;
    alice.insert_text("000000").await?;
    alice.press_enter().await?;
    let script = r#"return document.querySelector('[role="alert"]').innerText.includes("wrong")"#;
    alice.until("that the code is wrong", script, Vec::new()).await?;
    alice.fill(r#"input[name="code"]"#, &app.code()?).await?;
    alice.press_enter().await?;
    alice.see_chats().await?;

    // A recovery code does it too, and the operator takes a lost factor away.
    alice.sign_out().await?;
    give_password(&alice, ALICE.password).await?;
    alice.see(r#"input[name="code"]:focus"#).await?;
    alice.insert_text(&codes[0]).await?;
    alice.press_enter().await?;
    alice.see_chats().await?;
    alice.sign_out().await?;
    server.run(&["account", "remove-second-factor", ALICE.email]).await?;
    give_password(&alice, ALICE.password).await?;
    alice.see_chats().await?;
    alice.see_clean_console().await
}

#[tokio::test]
async fn an_owner_who_needs_a_second_factor_is_led_to_it() -> Result<()> {
    let mut server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    server.restart_with(&[("CAUSERIE_REQUIRE_2FA", "owners")]).await?;
    let script = r#"return document.querySelector(".banner")?.innerText.includes("second factor") ?? false"#;
    alice.until("what is needed", script, Vec::new()).await?;
    open_settings(&alice).await?;
    set_up_factor(&alice, ALICE.password).await?;
    alice.see_online().await?;
    alice.see_no_banner().await
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_the_link_of_the_operator() -> Result<()> {
    let server = Server::start().await?;
    drop(Person::join(&server, ALICE).await?);
    let printed = server.run(&["account", "reset", ALICE.email]).await?;
    let link = printed.lines().next().context("nothing was printed")?;
    ensure!(link.starts_with(&format!("{}/#reset=", server.url())), "{link}");
    // In Vietnamese, on a phone.
    let browser = Browser::open_in(ALICE.name, Screen::PHONE, "vi").await?;
    browser.go_to(link).await?;
    browser.see(r#"form[data-testid="set-password"]"#).await?;
    write(&browser, r#"input[name="password"]"#, "an analytical engine").await?;
    browser.press_enter().await?;
    browser.see(r#"form[data-testid="sign-in"]"#).await?;
    let address = browser.client().current_url().await?;
    ensure!(address.fragment().is_none(), "the secret stays in no address: {address}");
    give_password(&browser, "an analytical engine").await?;
    browser.see(r#"button[data-testid="new-chat"]"#).await?;
    // It works once; a link to confirm an address that is none is told too.
    let home = server.url();
    for (link, form) in
        [(link.to_owned(), "set-password"), (format!("{home}/#email={}", "x".repeat(64)), "confirm-email")]
    {
        browser.go_to("about:blank").await?;
        browser.go_to(&link).await?;
        let form = format!(r#"form[data-testid="{form}"]"#);
        browser.see(&form).await?;
        if browser
            .client()
            .execute(
                "return document.querySelector(arguments[0]) !== null",
                vec![json!(format!("{form} input"))],
            )
            .await?
            == json!(true)
        {
            write(&browser, &format!("{form} input"), "a third engine").await?;
        }
        browser.tab_to(&format!(r#"{form} [type="submit"]"#)).await?;
        browser.press_enter().await?;
        let script =
            r#"return document.querySelector('[role="alert"]')?.innerText.includes("Liên kết") ?? false"#;
        browser.until("that the link is used", script, Vec::new()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_account_is_deleted_after_a_week_unless_its_person_thinks_again() -> Result<()> {
    let server = Server::start().await?;
    let alice = Person::join(&server, ALICE).await?;
    // The only owner has to make somebody else one first.
    let bob = Person::join(&server, Account::BOB).await?;
    server.run(&["account", "role", Account::BOB.email, "owner"]).await?;
    drop(bob);
    let delete = async |password: &str| {
        open_settings(&alice).await?;
        alice.tab_to("details:has(form[data-testid=\"delete-account\"]) summary").await?;
        alice.press_enter().await?;
        alice.see_text("Your messages stay").await?;
        write(&alice, r#"input[name="delete_password"]"#, password).await?;
        alice.press_enter().await
    };
    delete("not her password").await?;
    let script = r#"
        const alert = document.querySelector('form[data-testid="delete-account"] [role="alert"]');
        return alert?.innerText.includes("wrong") ?? false"#;
    alice.until("that the password is wrong", script, Vec::new()).await?;
    alice.fill(r#"input[name="delete_password"]"#, ALICE.password).await?;
    alice.press_enter().await?;
    alice.see_sign_in().await?;

    give_password(&alice, ALICE.password).await?;
    alice.see_chats().await?;
    open_settings(&alice).await?;
    alice.see_text("Your account is deleted").await?;
    alice.tab_to(r#"button[data-testid="keep-account"]"#).await?;
    alice.press_enter().await?;
    alice.see(r#"details:has(form[data-testid="delete-account"])"#).await?;
    let listed = server.run(&["account", "list", ALICE.email]).await?;
    ensure!(!listed.contains("is deleted"), "{listed}");
    Ok(())
}
