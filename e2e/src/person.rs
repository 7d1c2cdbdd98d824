//! Somebody in front of a browser: every method is a thing that people do or see.

use std::ops::Deref;
use std::time::Duration;

use anyhow::{Result, ensure};
use causerie_testkit::{Account, MailServer, Server, secret_in};
use serde_json::json;

use crate::{Browser, Screen};

/// A person in front of a browser of their own; what any browser does, a person can do too.
#[derive(Debug)]
pub struct Person {
    account: Account,
    browser: Browser,
    home: String,
}

impl Deref for Person {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Person {
    /// Open the page in a new browser, signed out.
    pub async fn arrive(server: &Server, account: Account, screen: Screen) -> Result<Self> {
        Self::arrive_with(Browser::open(account.name, screen).await?, server, account).await
    }

    /// Open the page in a browser that is there already, signed out.
    pub async fn arrive_with(browser: Browser, server: &Server, account: Account) -> Result<Self> {
        let home = server.url();
        browser.go_to(&home).await?;
        browser.see(r#"form[data-testid="sign-in"], form[data-testid="register"]"#).await?;
        Ok(Self { account, browser, home })
    }

    /// Open the page below any address, such as that of a proxy, on a wide screen, and make an account.
    pub async fn join_at(home: &str, account: Account) -> Result<Self> {
        let browser = Browser::open(account.name, Screen::WIDE).await?;
        browser.go_to(&format!("{home}/")).await?;
        browser.see(r#"form[data-testid="sign-in"], form[data-testid="register"]"#).await?;
        let person = Self { account, browser, home: format!("{home}/") };
        person.register().await?;
        Ok(person)
    }

    /// Arrive on a wide screen and make an account.
    pub async fn join(server: &Server, account: Account) -> Result<Self> {
        let person = Self::arrive(server, account, Screen::WIDE).await?;
        person.register().await?;
        Ok(person)
    }

    /// Who this is.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Make the account, and be signed in.
    pub async fn register(&self) -> Result<()> {
        self.click(r#"[data-testid="show-register"]"#).await?;
        let form = r#"form[data-testid="register"]"#;
        self.fill(&format!(r#"{form} input[name="name"]"#), self.account.name).await?;
        self.fill(&format!(r#"{form} input[name="email"]"#), self.account.email).await?;
        self.fill(&format!(r#"{form} input[name="password"]"#), self.account.password).await?;
        self.click(&format!(r#"{form} [type="submit"]"#)).await?;
        self.see_chats().await
    }

    /// Make the account where an e-mail address is confirmed first: ask for the link, and open it.
    pub async fn register_by_mail(&self, mails: &MailServer) -> Result<()> {
        self.click(r#"[data-testid="show-register"]"#).await?;
        let form = r#"form[data-testid="register"]"#;
        self.see(&format!(r#"{form} [data-testid="confirms"]"#)).await?;
        self.fill(&format!(r#"{form} input[name="email"]"#), self.account.email).await?;
        self.click(&format!(r#"{form} [type="submit"]"#)).await?;
        let said =
            r#"return document.querySelector('[data-testid="invited"]')?.textContent.includes(arguments[0])"#;
        self.until("where the mail is sent to", said, vec![json!(self.account.email)]).await?;
        let link = secret_in(&mails.mail().await?, "join")?;
        self.go_to(&format!("{}#join={link}", self.home)).await?;
        self.fill(&format!(r#"{form} input[name="name"]"#), self.account.name).await?;
        self.fill(&format!(r#"{form} input[name="password"]"#), self.account.password).await?;
        self.click(&format!(r#"{form} [type="submit"]"#)).await?;
        self.see_chats().await
    }

    /// Sign in to the account that exists.
    pub async fn sign_in(&self) -> Result<()> {
        self.try_to_sign_in(self.account.password).await?;
        self.see_chats().await
    }

    /// Sign in and ask to stay signed in.
    pub async fn sign_in_for_good(&self) -> Result<()> {
        self.see(r#"form[data-testid="sign-in"]"#).await?;
        let script = r#"document.querySelector('form[data-testid="sign-in"] input[name="keep"]').click()"#;
        self.client().execute(script, Vec::new()).await?;
        self.sign_in().await
    }

    /// Fill in the sign-in form and send it, whatever comes of it.
    pub async fn try_to_sign_in(&self, password: &str) -> Result<()> {
        let form = r#"form[data-testid="sign-in"]"#;
        self.fill(&format!(r#"{form} input[name="email"]"#), self.account.email).await?;
        self.fill(&format!(r#"{form} input[name="password"]"#), password).await?;
        self.click(&format!(r#"{form} [type="submit"]"#)).await
    }

    /// Sign out, and be asked to sign in.
    pub async fn sign_out(&self) -> Result<()> {
        self.click(r#"button[data-testid="settings"]"#).await?;
        self.click(r#"button[data-testid="sign-out"]"#).await?;
        self.see_sign_in().await
    }

    /// Load the page anew.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.client().refresh().await?)
    }

    /// Open the page's first view.
    pub async fn go_home(&self) -> Result<()> {
        self.go_to(&self.home).await
    }

    /// Start a chat with whoever has this e-mail, and be in it.
    pub async fn start_chat(&self, with: Account) -> Result<()> {
        self.click(r#"button[data-testid="new-chat"]"#).await?;
        let dialog = r#"dialog[data-testid="new-chat-dialog"]"#;
        self.fill(&format!(r#"{dialog} input[name="email"]"#), with.email).await?;
        self.click(&format!(r#"{dialog} [type="submit"]"#)).await?;
        self.see_conversation(with.name).await
    }

    /// Open the chat that is called so.
    pub async fn open_chat(&self, title: &str) -> Result<()> {
        let script = r#"
            const chats = [...document.querySelectorAll('a[data-testid="chat"]')];
            const chat = chats.find(chat => chat.querySelector("strong")?.textContent.includes(arguments[0]));
            chat?.click();
            return Boolean(chat);"#;
        self.until(&format!("the chat “{title}”"), script, vec![json!(title)]).await?;
        self.see_conversation(title).await
    }

    /// Write into the composer, where the caret is; nothing is sent yet.
    pub async fn type_message(&self, text: &str) -> Result<()> {
        // A click would move the caret of whoever is writing already.
        if !self.has(r#"textarea[name="message"]:focus"#).await? {
            self.click(r#"textarea[name="message"]"#).await?;
        }
        self.insert_text(text).await
    }

    /// Press a key in the composer, by its WebDriver code.
    pub async fn press(&self, keys: &str) -> Result<()> {
        let composer = self.see(r#"textarea[name="message"]"#).await?;
        Ok(composer.send_keys(keys).await?)
    }

    /// Write a message and send it with the button.
    pub async fn send_message(&self, text: &str) -> Result<()> {
        self.type_message(text).await?;
        self.click(r#"button[data-testid="send"]"#).await?;
        self.see_message(text).await
    }

    /// The text in the composer.
    pub async fn draft(&self) -> Result<String> {
        let composer = self.see(r#"textarea[name="message"]"#).await?;
        Ok(composer.prop("value").await?.unwrap_or_default())
    }

    /// See the chats, or the place where they will be.
    pub async fn see_chats(&self) -> Result<()> {
        self.see(r#"button[data-testid="new-chat"]"#).await.map(drop)
    }

    /// See the form that asks who one is.
    pub async fn see_sign_in(&self) -> Result<()> {
        self.see(r#"form[data-testid="sign-in"]"#).await.map(drop)
    }

    /// See the conversation with this title.
    pub async fn see_conversation(&self, title: &str) -> Result<()> {
        let script = r#"
            const heading = document.querySelector("main.conversation h2");
            return Boolean(heading?.textContent.includes(arguments[0])) && heading.checkVisibility();"#;
        self.until(&format!("the conversation “{title}”"), script, vec![json!(title)]).await?;
        self.see(r#"textarea[name="message"]"#).await.map(drop)
    }

    /// See a text anywhere on the page.
    pub async fn see_text(&self, text: &str) -> Result<()> {
        let script = "return document.body.innerText.includes(arguments[0])";
        self.until(&format!("the text “{text}”"), script, vec![json!(text)]).await.map(drop)
    }

    /// See exactly one message with this text.
    pub async fn see_message(&self, text: &str) -> Result<()> {
        let short: String = text.chars().take(60).collect();
        let what = format!("one message “{short}”");
        self.until(
            &what,
            &messages("texts.filter(text => text.includes(arguments[0])).length === 1"),
            vec![json!(text)],
        )
        .await
        .map(drop)
    }

    /// See these messages, in this order, each once, and no other.
    pub async fn see_messages(&self, expected: &[&str]) -> Result<()> {
        let test = "texts.length === arguments[0].length && texts.every((text, i) => text.includes(arguments[0][i]))";
        self.until(&format!("the messages {expected:?}"), &messages(test), vec![json!(expected)])
            .await
            .map(drop)
    }

    /// See in the list of chats that one has this last line.
    pub async fn see_chat_with_last_line(&self, title: &str, last: &str) -> Result<()> {
        let script = r#"
            return [...document.querySelectorAll('a[data-testid="chat"]')].some(chat =>
                chat.querySelector("strong")?.textContent.includes(arguments[0])
                && chat.querySelector(".last")?.textContent.includes(arguments[1]));"#;
        let arguments = vec![json!(title), json!(last)];
        self.until(&format!("the chat “{title}” with “{last}”"), script, arguments).await.map(drop)
    }

    /// See how many messages of a chat are unread; 0 means that nothing is said.
    pub async fn see_unread(&self, title: &str, count: u32) -> Result<()> {
        let script = r#"
            const chats = [...document.querySelectorAll('a[data-testid="chat"]')];
            const chat = chats.find(chat => chat.querySelector("strong")?.textContent.includes(arguments[0]));
            return Boolean(chat) && (parseInt(chat.querySelector(".badge")?.textContent ?? "0", 10) || 0) === arguments[1];"#;
        let arguments = vec![json!(title), json!(count)];
        self.until(&format!("{count} unread in “{title}”"), script, arguments).await.map(drop)
    }

    /// See the banner, and return its words.
    pub async fn see_banner(&self) -> Result<String> {
        let script = r#"
            const banner = document.querySelector(".banner");
            return banner?.checkVisibility() && banner.innerText.trim() || null;"#;
        let words = self.until("a banner", script, Vec::new()).await?;
        Ok(words.as_str().unwrap_or_default().to_owned())
    }

    /// See that there is nothing to say about the connection.
    pub async fn see_no_banner(&self) -> Result<()> {
        let script = r#"
            const banner = document.querySelector(".banner");
            return !banner || !banner.checkVisibility() || banner.innerText.trim() === "";"#;
        self.until_within(RECOVERY, "no banner", script, Vec::new()).await.map(drop)
    }

    /// See an error in words.
    pub async fn see_alert(&self) -> Result<String> {
        let script = r#"
            const alerts = [...document.querySelectorAll('[role="alert"]')];
            return alerts.map(alert => alert.innerText.trim()).find(text => text !== "") ?? null;"#;
        let words = self.until("an error in words", script, Vec::new()).await?;
        Ok(words.as_str().unwrap_or_default().to_owned())
    }

    /// See the page connected.
    pub async fn see_online(&self) -> Result<()> {
        let script = r#"return document.body.dataset.connection === "online""#;
        self.until_within(RECOVERY, "the connection", script, Vec::new()).await.map(drop)
    }

    /// Whether an element is there now.
    pub async fn has(&self, selector: &str) -> Result<bool> {
        let script = "return document.querySelector(arguments[0]) !== null";
        Ok(self.client().execute(script, vec![json!(selector)]).await? == json!(true))
    }

    /// What the page keeps in a storage, `sessionStorage` or `localStorage`, as one text.
    pub async fn stored(&self, storage: &str) -> Result<String> {
        let script = format!("return JSON.stringify({{...{storage}}})");
        Ok(self.client().execute(&script, Vec::new()).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Check that the page's console holds no error but those about a server that was away.
    pub async fn see_clean_console(&self) -> Result<()> {
        let errors = self.console_errors().await?;
        let network = ["ERR_CONNECTION", "WebSocket connection to", "Failed to load resource"];
        let other: Vec<_> =
            errors.iter().filter(|error| !network.iter().any(|known| error.contains(known))).collect();
        ensure!(other.is_empty(), "{}: the console says {other:?}", self.account.name);
        Ok(())
    }
}

/// Longer than the page's longest pause between two attempts to connect.
const RECOVERY: Duration = Duration::from_secs(60);

/// A script that tests `texts`, what the messages say from the first to the last.
fn messages(test: &str) -> String {
    format!(
        "const texts = [...document.querySelectorAll('ol.timeline li.turn .bubble')].map(b => b.textContent); return {test};"
    )
}
