//! Chromium with a fresh profile, driven through chromedriver.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use causerie_testkit::process;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::WAIT;

/// How long a browser may take to start, on a machine that compiles at the same time.
const START: Duration = Duration::from_secs(60);

/// The driver takes a port of IPv4 that is free and then the same of IPv6, and ends when somebody has that one.
const DRIVER_TRIES: u32 = 3;

/// How many fields one goes through with the Tab key before one gives up.
const TABS: u32 = 100;

/// How often a state is looked at while waiting for it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The clock of a page, of which this machine's is a part: `Date` and `performance` tell it, timers go by it.
const CLOCK: &str = "
    let ahead = AHEAD, awake = 0;
    const [date, elapsed, start, stop] = [Date.now, performance.now.bind(performance), setTimeout, clearTimeout];
    const timers = new Map();
    Object.defineProperty(performance, 'timeOrigin', {value: performance.timeOrigin + ahead});
    performance.now = () => elapsed() + awake;
    Date.now = () => date() + ahead;
    globalThis.setTimeout = (call, wait, ...rest) => {
        const run = () => { timers.delete(id); call(...rest); };
        const id = start(run, wait);
        timers.set(id, {run, due: performance.now() + (wait || 0)});
        return id;
    };
    globalThis.clearTimeout = id => { timers.delete(id); stop(id); };
    globalThis.clock = {
        suspend(ms) { ahead += ms; },
        pass(ms) {
            ahead += ms;
            awake += ms;
            for (const [id, {run, due}] of [...timers]) if (due <= performance.now() && timers.has(id)) { stop(id); run(); }
        },
    };";

/// The size of a page, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Screen {
    /// A common phone, upright.
    pub const PHONE: Self = Self { width: 390, height: 844 };
    /// A small laptop.
    pub const WIDE: Self = Self { width: 1280, height: 800 };
}

/// A browser with a profile of its own; both end with the value.
#[derive(Debug)]
pub struct Browser {
    name: String,
    client: Client,
    driver: Child,
    profile: Option<TempDir>,
}

impl Browser {
    /// Start a browser of somebody who reads English; `name` says in errors whose it is.
    pub async fn open(name: &str, screen: Screen) -> Result<Self> {
        Self::open_in(name, screen, "en-GB").await
    }

    /// Start a browser that asks for a language, by its BCP 47 tag.
    pub async fn open_in(name: &str, screen: Screen, language: &str) -> Result<Self> {
        // Whatever the browser writes goes with the profile.
        let profile = tempfile::tempdir().context("making a profile")?;
        let (driver, port) = start_driver(profile.path()).await?;
        let driver_url = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(profile.path(), screen, language));
        let client =
            timeout(START, builder.connect(&driver_url)).await.context("the browser did not start")?;
        let client = client.context("starting the browser")?;
        let browser = Self { name: name.to_owned(), client, driver, profile: Some(profile) };
        browser.resize(screen).await?;
        // Times look the same on every machine.
        browser.devtools("Emulation.setLocaleOverride", &json!({"locale": language})).await?;
        Ok(browser)
    }

    /// The WebDriver client, for what has no method here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Go to an address.
    pub async fn go_to(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| format!("{}: going to {url}", self.name))
    }

    /// Make the page exactly this large, smaller than any window may be.
    pub async fn resize(&self, screen: Screen) -> Result<()> {
        let metrics = json!({
            "width": screen.width, "height": screen.height,
            "deviceScaleFactor": 1, "mobile": screen.width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).await?;
        Ok(())
    }

    /// Let the clock of every page that is opened from now on be ahead of this machine's, behind with a negative number
    /// of milliseconds; [`Browser::suspend`] and [`Browser::pass`] move it.
    pub async fn set_clock(&self, ahead: i64) -> Result<()> {
        let source = CLOCK.replace("AHEAD", &ahead.to_string());
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({"source": source})).await?;
        Ok(())
    }

    /// Let the page's device sleep: its clock goes on and its timers stand still, for so many milliseconds.
    pub async fn suspend(&self, milliseconds: i64) -> Result<()> {
        self.client.execute("clock.suspend(arguments[0])", vec![json!(milliseconds)]).await?;
        Ok(())
    }

    /// Let so many milliseconds pass in the page, and its timers fire that are due then.
    pub async fn pass(&self, milliseconds: i64) -> Result<()> {
        self.client.execute("clock.pass(arguments[0])", vec![json!(milliseconds)]).await?;
        Ok(())
    }

    /// Let the page be on a touch screen, without a mouse.
    pub async fn have_touch_screen(&self) -> Result<()> {
        let touch = json!({"enabled": true, "maxTouchPoints": 5});
        self.devtools("Emulation.setTouchEmulationEnabled", &touch).await?;
        Ok(())
    }

    /// Call the API of the server that the page came from; the body of the answer.
    pub async fn api(&self, method: &str, path: &str, token: &str, body: Value) -> Result<Value> {
        let script = r#"
            const [method, path, token, body, done] = arguments;
            const headers = {"content-type": "application/json"};
            if (token) headers.authorization = "Bearer " + token;
            // Relative to the document's base, which is the folder that the server is in.
            fetch("." + path, {method, headers, body: body === null ? undefined : JSON.stringify(body)})
                .then(async answer => done({status: answer.status, text: await answer.text()}), error => done({status: 0, text: String(error)}));"#;
        let arguments = vec![json!(method), json!(path), json!(token), body];
        let answer = self.client.execute_async(script, arguments).await?;
        let text = answer["text"].as_str().unwrap_or_default();
        let status = answer["status"].as_u64().unwrap_or_default();
        ensure!((200..300).contains(&status), "{method} {path}: {status} {text}");
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_str(text).context("reading the answer")
        }
    }

    /// Choose the colours that the person's system asks for: `light` or `dark`.
    pub async fn prefer_colours(&self, scheme: &str) -> Result<()> {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &media).await?;
        Ok(())
    }

    /// Put text where the caret is, as an input method does: any character, at once.
    pub async fn insert_text(&self, text: &str) -> Result<()> {
        self.devtools("Input.insertText", &json!({"text": text})).await?;
        Ok(())
    }

    /// Go from field to field with the Tab key until one matches the selector.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        self.see(selector).await?;
        let is_there = "return document.activeElement?.matches(arguments[0]) ?? false";
        for _ in 0..TABS {
            if self.client.execute(is_there, vec![json!(selector)]).await? == json!(true) {
                return Ok(());
            }
            self.press_key("Tab", 9, "").await?;
        }
        Err(self.disappointment(Duration::ZERO, &format!("to reach {selector} by Tab"), "").await)
    }

    /// Press Enter where the focus is.
    pub async fn press_enter(&self) -> Result<()> {
        self.press_key("Enter", 13, "\r").await
    }

    /// Press Escape where the caret is.
    pub async fn press_escape(&self) -> Result<()> {
        self.press_key("Escape", 27, "").await
    }

    /// Press the arrow that points down.
    pub async fn press_arrow_down(&self) -> Result<()> {
        self.press_key("ArrowDown", 40, "").await
    }

    /// Press a letter while Control is held.
    pub async fn press_with_control(&self, letter: char) -> Result<()> {
        let code = letter.to_ascii_uppercase();
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": letter, "code": format!("Key{code}"), "windowsVirtualKeyCode": u32::from(code), "modifiers": 2
            });
            self.devtools("Input.dispatchKeyEvent", &event).await?;
        }
        Ok(())
    }

    /// Press a key that writes nothing while others are held: 1 for Alt, 2 for Control, 8 for Shift.
    pub async fn press_with(&self, key: &str, held: u8) -> Result<()> {
        let code = match key {
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            "ArrowRight" => 39,
            "F10" => 121,
            _ => 0,
        };
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": held});
            self.devtools("Input.dispatchKeyEvent", &event).await?;
        }
        Ok(())
    }

    async fn press_key(&self, key: &str, code: u32, text: &str) -> Result<()> {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.devtools("Input.dispatchKeyEvent", &event).await?;
        }
        Ok(())
    }

    /// Wait until a script returns something other than `false` and `null`, and return that.
    pub async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.until_within(WAIT, what, script, arguments).await
    }

    /// As [`Browser::until`], with another patience.
    pub async fn until_within(
        &self,
        limit: Duration,
        what: &str,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<Value> {
        let look = async || {
            let value = self.client.execute(script, arguments.clone()).await?;
            Ok(Some(value).filter(|value| !value.is_null() && *value != json!(false)))
        };
        self.eventually(limit, what, look).await
    }

    /// The first element for a selector, once it shows.
    pub async fn see(&self, selector: &str) -> Result<Element> {
        let look = async || {
            let found = self.client.find(Locator::Css(selector)).await?;
            Ok(found.is_displayed().await?.then_some(found))
        };
        self.eventually(WAIT, selector, look).await
    }

    /// Click an element, once it shows and nothing lies over it.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let attempt = async || {
            self.client.find(Locator::Css(selector)).await?.click().await?;
            Ok(Some(()))
        };
        self.eventually(WAIT, &format!("to click {selector}"), attempt).await
    }

    /// Replace what stands in a field.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let attempt = async || {
            let field = self.client.find(Locator::Css(selector)).await?;
            field.clear().await?;
            field.click().await?;
            Ok(Some(()))
        };
        self.eventually(WAIT, &format!("to fill {selector}"), attempt).await?;
        if !text.is_empty() {
            return self.insert_text(text).await;
        }
        // The driver empties a field without a word to the page.
        let tell = "document.querySelector(arguments[0]).dispatchEvent(new Event('input', {bubbles: true}))";
        self.client.execute(tell, vec![json!(selector)]).await?;
        Ok(())
    }

    /// What went wrong in the page so far, by the browser's console; reading empties it.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let log = self.client.issue_cmd(DriverCommand::console()).await?;
        let entries = log.as_array().into_iter().flatten();
        let errors = entries.filter(|entry| entry["level"] == "SEVERE");
        Ok(errors.map(|entry| entry["message"].to_string()).collect())
    }

    /// Photograph the page into a PNG file.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let picture = self.client.screenshot().await?;
        std::fs::write(path, picture).with_context(|| format!("writing {}", path.display()))
    }

    /// The one place that waits: look, and look again, until there is something or the time is over.
    ///
    /// A page draws anew while one looks at it, so an error of the driver is no more than "not yet".
    async fn eventually<T>(
        &self,
        limit: Duration,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, CmdError>,
    ) -> Result<T> {
        let end = Instant::now() + limit;
        loop {
            let seen = look().await;
            if let Ok(Some(value)) = seen {
                return Ok(value);
            }
            if Instant::now() >= end {
                let trouble = seen.err().map(|error| format!(" ({error})")).unwrap_or_default();
                return Err(self.disappointment(limit, what, &trouble).await);
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that looks at a page again after a while"
            )]
            sleep(LOOK_EVERY).await;
        }
    }

    /// What the page showed instead, with a picture of it.
    async fn disappointment(&self, limit: Duration, what: &str, trouble: &str) -> anyhow::Error {
        let script = "return location.href + '\\nconnection: ' + document.body?.dataset.connection + '\\n' \
                      + document.body?.innerText.slice(0, 2000)";
        let shown = self.client.execute(script, Vec::new()).await.unwrap_or_default();
        let shown = shown.as_str().unwrap_or("nothing").to_owned();
        let console = self.console_errors().await.unwrap_or_default().join("\n");
        let picture = failure_picture(&self.name);
        let picture = match self.screenshot(&picture).await {
            Ok(()) => picture.display().to_string(),
            Err(error) => format!("none: {error:#}"),
        };
        anyhow!(
            "{}: waited {} s for {what}{trouble}\n--- the page\n{shown}\n--- its console\n{console}\n--- picture: {picture}",
            self.name,
            limit.as_secs()
        )
    }

    /// A command of the browser's own protocol.
    pub async fn devtools(&self, method: &str, parameters: &Value) -> Result<Value> {
        let command = DriverCommand::devtools(method, parameters);
        let answer = self.client.issue_cmd(command).await;
        answer.with_context(|| format!("{}: {method}", self.name))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let group = self.driver.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
            // The profile can be removed only when nobody writes to it any more.
            let end = std::time::Instant::now() + Duration::from_secs(5);
            while self.driver.try_wait().is_ok_and(|status| status.is_none())
                && test_kill_process_group(group).is_ok()
                && std::time::Instant::now() < end
            {
                std::thread::yield_now();
            }
        }
        drop(self.profile.take());
    }
}

/// Start the driver on a free port.
async fn start_driver(profile: &Path) -> Result<(Child, String)> {
    let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
    let mut tries = 0..DRIVER_TRIES;
    loop {
        let mut command = Command::new(&program);
        // A group of its own, which the browser joins: killing the group leaves nothing behind.
        command.arg("--port=0").process_group(0).stderr(std::process::Stdio::null());
        command.env("TMPDIR", profile).env("XDG_CONFIG_HOME", profile);
        let started = process::start(&mut command, "started successfully on port ").await;
        tries.next();
        if started.is_ok() || tries.is_empty() {
            return started.map(|(driver, port, _)| (driver, port));
        }
    }
}

fn capabilities(profile: &Path, screen: Screen, language: &str) -> Capabilities {
    let arguments = json!([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-breakpad",
        "--no-first-run",
        "--hide-scrollbars",
        format!("--lang={language}"),
        format!("--accept-lang={language}"),
        format!("--window-size={},{}", screen.width, screen.height),
        format!("--user-data-dir={}", profile.display()),
    ]);
    let mut options = json!({"args": arguments});
    if let Ok(binary) = env::var("CHROME_BIN") {
        options["binary"] = json!(binary);
    }
    let mut capabilities = Capabilities::new();
    // Certificates of tests are trusted by nobody else.
    capabilities.insert("acceptInsecureCerts".to_owned(), json!(true));
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
    capabilities
}

/// Where a failed wait leaves its picture.
fn failure_picture(name: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    // A test's thread is named after the test.
    let test = std::thread::current().name().unwrap_or("a-test").replace("::", "-");
    target.join("e2e").join(format!("{test}-{name}.png"))
}

/// A command of chromedriver's own, outside the WebDriver standard.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl DriverCommand {
    fn devtools(method: &str, parameters: &Value) -> Self {
        Self { path: "goog/cdp/execute", body: json!({"cmd": method, "params": parameters}) }
    }

    fn console() -> Self {
        Self { path: "se/log", body: json!({"type": "browser"}) }
    }
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
