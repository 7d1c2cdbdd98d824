//! Somebody who asks the tester's doctor, and follows what it says.

use anyhow::{Result, ensure};
use causerie_testkit::eventually;
use serde_json::json;

use crate::{Browser, DIAGNOSIS, Tester, WAIT};

impl Browser {
    /// Ask the banner of a broken connection for the cause. It is drawn anew while it counts down.
    pub async fn ask_why(&self) -> Result<()> {
        let script = r#"
            const why = document.querySelector('.banner button[data-testid="why"]');
            why?.click();
            return Boolean(why)"#;
        self.until("the question why", script, Vec::new()).await.map(drop)
    }

    /// Look at the tab that the page opened, once it is there.
    pub async fn go_to_new_tab(&self) -> Result<()> {
        let here = self.client().window().await?;
        let opened = async || {
            let tabs = self.client().windows().await.ok()?;
            tabs.into_iter().find(|tab| *tab != here)
        };
        let new = eventually("a tab that was opened", WAIT, opened).await?;
        Ok(self.client().switch_to_window(new).await?)
    }
}

impl Tester {
    /// Run the doctor and wait for its finding, by its name.
    pub async fn diagnose(&self, side: &str) -> Result<String> {
        self.press(side, "doctor").await?;
        self.see_finding(side).await
    }

    /// The doctor's finding, by its name, once it came to one.
    pub async fn see_finding(&self, side: &str) -> Result<String> {
        let script = r#"return document.querySelector(arguments[0] + ' [data-testid="finding"]')?.dataset.finding || null"#;
        let finding = self.until_within(DIAGNOSIS, "a finding", script, vec![json!(side)]).await?;
        Ok(finding.as_str().unwrap_or_default().to_owned())
    }

    /// The commands, lines and settings in the remedy that the page tells.
    pub async fn told_lines(&self, side: &str) -> Result<Vec<String>> {
        let script = r#"
            const remedy = document.querySelector(arguments[0] + ' [data-testid="finding"] dd:last-of-type');
            return remedy ? [...remedy.querySelectorAll("code")].map(code => code.textContent) : null"#;
        let lines = self.until("a remedy", script, vec![json!(side)]).await?;
        Ok(serde_json::from_value(lines)?)
    }

    /// Run the doctor, and see that what it recommended helped: [`Tester::see_quiet`].
    pub async fn see_helped(&self, side: &str) -> Result<()> {
        self.press(side, "doctor").await?;
        self.see_quiet(side).await
    }

    /// See that the doctor has nothing left to do but hold the connection quiet, which takes long: all that comes
    /// before is well. It is stopped then.
    pub async fn see_quiet(&self, side: &str) -> Result<()> {
        let script = r#"
            const side = document.querySelector(arguments[0]);
            const finding = side.querySelector('[data-testid="finding"]');
            if (finding) return finding.textContent;
            return side.querySelector('[data-testid="steps"] .running[data-check="Idle"]') ? "" : null;"#;
        let found = self.until("the quiet connection", script, vec![json!(side)]).await?;
        ensure!(found == "", "the remedy did not help: {found}");
        self.press(side, "stop-doctor").await
    }
}
