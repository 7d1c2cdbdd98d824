//! Somebody at the connection tester: every method is a thing that people do or see there.

use std::ops::Deref;

use anyhow::{Context, Result, ensure};
use causerie_testkit::{Account, Server};
use serde_json::json;

use crate::{Browser, Screen};

/// The first of the two connections.
pub const FIRST: &str = "#first";
/// The second.
pub const SECOND: &str = "#second";

/// Two people and their chat, as the API made them.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Alice's token.
    pub alice: String,
    /// Bob's token.
    pub bob: String,
    /// Their chat.
    pub chat: i64,
}

/// The connection tester in a browser of its own; what any browser does, it can do too.
#[derive(Debug)]
pub struct Tester {
    browser: Browser,
}

impl Deref for Tester {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Tester {
    /// Open the tester of a server, with a query such as `?chat=1`.
    pub async fn open(server: &Server, query: &str) -> Result<Self> {
        Self::open_at(&server.url(), query).await
    }

    /// Open the tester below any address.
    pub async fn open_at(home: &str, query: &str) -> Result<Self> {
        let browser = Browser::open("tester", Screen::WIDE).await?;
        let tester = Self { browser };
        tester.visit(home, query).await?;
        Ok(tester)
    }

    /// Let this browser be Alice's, who is signed in on the page that it shows.
    pub async fn be_signed_in(&self, token: &str) -> Result<()> {
        let session = json!({"token": token, "expires_at": "2099-01-01T00:00:00Z",
            "user": {"id": 1, "email": "alice@example.org", "name": "Alice Lovelace"}});
        let keep = "localStorage.setItem('causerie.session', arguments[0])";
        self.client().execute(keep, vec![json!(session.to_string())]).await?;
        Ok(())
    }

    /// Go to the tester below an address.
    pub async fn visit(&self, home: &str, query: &str) -> Result<()> {
        self.go_to(&format!("{home}/chat-ws-test/{query}")).await?;
        self.see(r#"#first form[data-testid="connection"]"#).await.map(drop)
    }

    /// Make two accounts and their chat.
    pub async fn make_pair(&self) -> Result<Pair> {
        let (alice, bob) = (self.register(Account::ALICE).await?, self.register(Account::BOB).await?);
        let with = json!({"participants": [Account::BOB.email]});
        let chat = self.api("POST", "/api/chats/", &alice, with).await?;
        Ok(Pair { alice, bob, chat: chat["id"].as_i64().context("the chat's number")? })
    }

    /// Make an account; its token.
    pub async fn register(&self, account: Account) -> Result<String> {
        let body = json!({"email": account.email, "name": account.name, "password": account.password});
        let signed_in = self.api("POST", "/api/auth/register/", "", body).await?;
        Ok(signed_in["token"].as_str().context("a token")?.to_owned())
    }

    /// Fill in where to connect to and as whom.
    pub async fn fill_in(&self, side: &str, token: &str, chat: i64) -> Result<()> {
        self.fill(&format!(r#"{side} input[name="chat"]"#), &chat.to_string()).await?;
        self.fill(&format!(r#"{side} input[name="token"]"#), token).await
    }

    /// Sign in with the form of a connection, which fills its token in.
    pub async fn sign_in(&self, side: &str, account: Account) -> Result<()> {
        let field = |name: &str| format!(r#"{side} input[name="{name}"]"#);
        self.fill(&field("token"), "").await?;
        self.unfold(&format!(r#"{side} [data-testid="sign-in"]"#)).await?;
        self.fill(&field("email"), account.email).await?;
        self.fill(&field("password"), account.password).await?;
        self.submit(side, "sign-in").await?;
        self.see_value(&field("token"), 64).await
    }

    /// Press a button by its test id.
    pub async fn press(&self, side: &str, button: &str) -> Result<()> {
        // Scrolled to the middle first: whatever stands at the page's edge is not in the way then.
        let selector = format!(r#"{side} [data-testid="{button}"]"#);
        let script = r#"
            const button = document.querySelector(arguments[0]);
            if (!button || button.disabled) return false;
            button.scrollIntoView({block: "center"});
            return true;"#;
        self.until(&format!("the button {button}"), script, vec![json!(selector)]).await?;
        self.click(&selector).await
    }

    /// Fill in and connect, and see that it is.
    pub async fn connect(&self, side: &str, token: &str, chat: i64) -> Result<()> {
        self.fill_in(side, token, chat).await?;
        self.press(side, "connect").await?;
        self.see_state(side, "open").await?;
        self.see_frame(side, "welcome").await
    }

    /// See what a connection does: `idle`, `busy`, `open` or `closed`.
    pub async fn see_state(&self, side: &str, state: &str) -> Result<()> {
        let script = r#"return document.querySelector(arguments[0] + ' [data-testid="status"]')?.dataset.state === arguments[1]"#;
        self.until(&format!("{side} is {state}"), script, vec![json!(side), json!(state)]).await.map(drop)
    }

    /// See a line whose text holds this among those that are drawn.
    pub async fn see_frame(&self, side: &str, text: &str) -> Result<()> {
        let script = r#"
            return [...document.querySelectorAll(arguments[0] + ' [data-testid="frames"] .row')]
                .some(row => row.textContent.includes(arguments[1]));"#;
        self.until(&format!("a frame with {text:?}"), script, vec![json!(side), json!(text)]).await.map(drop)
    }

    /// Choose a line whose text holds this, and read all of it.
    pub async fn look_at(&self, side: &str, text: &str) -> Result<String> {
        self.see_frame(side, text).await?;
        let script = r#"
            const rows = [...document.querySelectorAll(arguments[0] + ' [data-testid="frames"] .row')];
            const row = rows.find(row => row.textContent.includes(arguments[1]));
            if (!row) return null;
            row.scrollIntoView({block: "center"});
            const {x, y, width, height} = row.getBoundingClientRect();
            row.dispatchEvent(new MouseEvent("click", {bubbles: true, clientX: x + width / 2, clientY: y + height / 2}));
            return true;"#;
        self.until(&format!("to choose {text:?}"), script, vec![json!(side), json!(text)]).await?;
        let script = r#"return document.querySelector(arguments[0] + ' [data-testid="selected"]')?.textContent || null"#;
        let shown = self.until("the chosen frame", script, vec![json!(side)]).await?;
        Ok(shown.as_str().unwrap_or_default().to_owned())
    }

    /// Send one of a connection's forms, by its test id.
    pub async fn submit(&self, side: &str, form: &str) -> Result<()> {
        let script = r#"
            const button = document.querySelector(arguments[0] + ' [type="submit"]');
            button?.click();
            return Boolean(button);"#;
        let selector = format!(r#"{side} form[data-testid="{form}"]"#);
        self.until(&format!("the form {form}"), script, vec![json!(selector)]).await.map(drop)
    }

    /// What a field holds.
    pub async fn value(&self, selector: &str) -> Result<String> {
        self.see(selector).await?.prop("value").await?.with_context(|| format!("no value in {selector}"))
    }

    /// Say something in the chat that a connection is in.
    pub async fn say(&self, side: &str, text: &str) -> Result<()> {
        self.fill(&format!(r#"{side} input[name="message"]"#), text).await?;
        self.submit(side, "say").await
    }

    /// See a field with a value of so many characters.
    pub async fn see_value(&self, selector: &str, length: usize) -> Result<()> {
        let script = "return document.querySelector(arguments[0])?.value.length === arguments[1]";
        self.until(
            &format!("{length} characters in {selector}"),
            script,
            vec![json!(selector), json!(length)],
        )
        .await
        .map(drop)
    }

    /// See a text anywhere on the page.
    pub async fn see_text(&self, text: &str) -> Result<()> {
        let script = "return document.body.innerText.includes(arguments[0])";
        self.until(&format!("the text {text:?}"), script, vec![json!(text)]).await.map(drop)
    }

    /// See that the page's server says whether it reaches its `database` or its `bus`.
    pub async fn see_readiness(&self, of: &str, reached: bool) -> Result<()> {
        // A promise is awaited by the driver.
        let script = r#"
            return fetch("/readyz").then(answer => answer.json()).then(ready => ready[arguments[0]] === arguments[1], () => false)"#;
        self.until(&format!("{of}: {reached} of the server"), script, vec![json!(of), json!(reached)])
            .await
            .map(drop)
    }

    /// Let pages of an origin use the clipboard, as a person does who is asked.
    pub async fn allow_clipboard(&self, origin: &str) -> Result<()> {
        for permission in ["clipboard-read", "clipboard-write"] {
            let parameters =
                json!({"origin": origin, "permission": {"name": permission}, "setting": "granted"});
            self.devtools("Browser.setPermission", &parameters).await?;
        }
        Ok(())
    }

    /// What the clipboard holds, once it holds this.
    pub async fn until_clipboard(&self, part: &str) -> Result<String> {
        // A promise is awaited by the driver.
        let script =
            "return navigator.clipboard.readText().then(text => text.includes(arguments[0]) ? text : null)";
        let text = self.until(&format!("{part:?} on the clipboard"), script, vec![json!(part)]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// See that the page's console holds no error but those about connections that failed on purpose.
    pub async fn see_clean(&self) -> Result<()> {
        let errors = self.console_errors().await?;
        let network = ["ERR_CONNECTION", "WebSocket connection to", "Failed to load resource"];
        let other: Vec<_> =
            errors.iter().filter(|error| !network.iter().any(|known| error.contains(known))).collect();
        ensure!(other.is_empty(), "the console says {other:?}");
        Ok(())
    }

    /// What an element says.
    pub async fn text(&self, selector: &str) -> Result<String> {
        Ok(self.see(selector).await?.text().await?)
    }

    /// Choose from a list, as a person does.
    pub async fn choose(&self, selector: &str, value: &str) -> Result<()> {
        let script = r#"
            const list = document.querySelector(arguments[0]);
            const has = list && [...list.options].some(option => option.value === arguments[1]);
            if (!has) return false;
            list.value = arguments[1];
            list.dispatchEvent(new Event("change", {bubbles: true}));
            return true;"#;
        self.until(&format!("{value} in {selector}"), script, vec![json!(selector), json!(value)])
            .await
            .map(drop)
    }

    /// Unfold a part that is folded.
    pub async fn unfold(&self, inside: &str) -> Result<()> {
        let script = r#"
            const fold = document.querySelector(arguments[0])?.closest("details");
            if (fold) fold.open = true;
            return Boolean(fold);"#;
        self.until(&format!("the fold of {inside}"), script, vec![json!(inside)]).await.map(drop)
    }
}
