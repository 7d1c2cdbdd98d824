//! Mails with links to set a new password, sent one after the other.

use std::sync::Arc;

use causerie_protocol::accounts::AskReset;
use causerie_protocol::rest::UserRef;
use causerie_protocol::{limits, paths};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;

use crate::auth::Auth;
use crate::config::Smtp;
use crate::store::{Actor, Store};

/// Wishes that wait to be looked at; one more is refused, whoever it is about.
const QUEUE: usize = 256;

/// A setting of mail that can't be used; one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MailUnusable(String);

/// Where wishes for a new password go. What becomes of them is told to nobody but the owner of the address.
#[derive(Clone, Debug, Default)]
pub struct Mailer(Option<mpsc::Sender<AskReset>>);

/// Takes the wishes and sends the mails.
pub(crate) struct Postman {
    wishes: mpsc::Receiver<AskReset>,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// What links begin with.
    page: String,
}

impl Mailer {
    /// Whether mail is set up.
    pub(crate) fn is_set_up(&self) -> bool {
        self.0.is_some()
    }

    /// Takes a wish, be there such an account or not; false when too many wait.
    pub(crate) fn ask(&self, wish: AskReset) -> bool {
        self.0.as_ref().is_none_or(|queue| queue.try_send(wish).is_ok())
    }
}

/// The two ends, when mail is set up. `page` is what links begin with.
pub(crate) fn open(smtp: &Smtp, page: &str) -> Result<(Mailer, Postman), MailUnusable> {
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&smtp.url).map_err(|_| {
        MailUnusable(
            "CAUSERIE_SMTP_URL (--smtp-url) is not an address of a mail server: write smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT for one on this machine"
                .to_owned(),
        )
    })?;
    let from = smtp.from.parse().map_err(|_| {
        MailUnusable(
            "CAUSERIE_MAIL_FROM (--mail-from) is not a sender: write for example Causerie <chat@example.org>"
                .to_owned(),
        )
    })?;
    let (queue, wishes) = mpsc::channel(QUEUE);
    let postman = Postman { wishes, transport: transport.build(), from, page: page.to_owned() };
    Ok((Mailer(Some(queue)), postman))
}

impl Postman {
    pub(crate) async fn run(mut self, store: Arc<dyn Store>, auth: Auth) {
        while let Some(wish) = self.wishes.recv().await {
            // Neither the address nor the link is anything for the log.
            if let Err(error) = self.serve(&*store, &auth, &wish).await {
                tracing::warn!(%error, "a link to set a new password could not be sent");
            }
        }
    }

    async fn serve(&self, store: &dyn Store, auth: &Auth, wish: &AskReset) -> Result<(), String> {
        let asked = UserRef::Email(wish.email.trim().to_owned());
        // Suspended people and those without an account get nothing.
        let found = store.person(&asked).await.map_err(|error| error.to_string())?;
        let Some(user) = found.filter(|user| user.suspended_at.is_none()) else { return Ok(()) };
        let link =
            auth.invite_to_reset(Actor::User(user.id), user.id).await.map_err(|error| error.to_string())?;
        let address = format!("{}{}", self.page, paths::reset_page(&link.token));
        let (subject, text) = words(wish.language.as_deref(), &address);
        // Only what can be an address of a mail; an account from before may have another.
        let Ok(to) = user.email.parse() else { return Ok(()) };
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .body(text)
            .map_err(|error| error.to_string())?;
        self.transport.send(mail).await.map_err(|error| {
            if error.is_permanent() {
                "the mail server refused it".to_owned()
            } else {
                "the mail server can't be reached".to_owned()
            }
        })?;
        Ok(())
    }
}

/// Subject and text, in the language of the page that asked.
fn words(language: Option<&str>, link: &str) -> (&'static str, String) {
    let minutes = limits::RESET_MINUTES;
    if language == Some("vi") {
        let text = format!(
            "Ai đó đã yêu cầu đặt mật khẩu mới cho tài khoản của bạn. Nếu đó là bạn, hãy mở liên kết này trong vòng {minutes} phút; liên kết chỉ dùng được một lần:\n\n{link}\n\nNếu không phải bạn, bạn không cần làm gì: mật khẩu vẫn như cũ.\n"
        );
        return ("Đặt mật khẩu mới", text);
    }
    let text = format!(
        "Somebody asked for a new password for your account. If that was you, open this link within {minutes} minutes; it works once:\n\n{link}\n\nIf it was not you, there is nothing to do: the password stays as it is.\n"
    );
    ("A new password", text)
}
