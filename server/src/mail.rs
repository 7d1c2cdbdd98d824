//! Mails with links to set a new password or to confirm an address, and news of such a change, sent one after the other.

use std::sync::Arc;

use causerie_protocol::accounts::AskReset;
use causerie_protocol::rest::UserRef;
use causerie_protocol::{UserId, limits, paths};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;

use crate::auth::Auth;
use crate::config::Smtp;
use crate::store::{Actor, Store};

/// Letters that wait to be written; one more is refused, whoever it is about.
const QUEUE: usize = 256;

/// A setting of mail that can't be used; one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MailUnusable(String);

/// What a mail is about. What becomes of it is told to nobody but the owner of its address.
pub(crate) enum Letter {
    /// A link to set a new password.
    Reset(AskReset),
    /// A link by which somebody's new address is confirmed.
    ConfirmEmail { user: UserId, email: String, language: Option<String> },
    /// To the address that an account had: it has another now.
    EmailChanged { before: String, language: Option<String> },
}

/// Where letters go.
#[derive(Clone, Debug, Default)]
pub struct Mailer(Option<mpsc::Sender<Letter>>);

/// Takes the letters and sends the mails.
pub(crate) struct Postman {
    letters: mpsc::Receiver<Letter>,
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

    /// Takes a letter, be there such an account or not; false when too many wait.
    pub(crate) fn send(&self, letter: Letter) -> bool {
        self.0.as_ref().is_none_or(|queue| queue.try_send(letter).is_ok())
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
    let (queue, letters) = mpsc::channel(QUEUE);
    let postman = Postman { letters, transport: transport.build(), from, page: page.to_owned() };
    Ok((Mailer(Some(queue)), postman))
}

impl Postman {
    pub(crate) async fn run(mut self, store: Arc<dyn Store>, auth: Auth) {
        while let Some(letter) = self.letters.recv().await {
            // Neither the address nor the link is anything for the log.
            if let Err(error) = self.serve(&*store, &auth, &letter).await {
                tracing::warn!(%error, "a mail could not be sent");
            }
        }
    }

    async fn serve(&self, store: &dyn Store, auth: &Auth, letter: &Letter) -> Result<(), String> {
        let account = async |email: &str| {
            let asked = UserRef::Email(email.trim().to_owned());
            store.person(&asked).await.map_err(|error| error.to_string())
        };
        match letter {
            Letter::Reset(wish) => {
                // Suspended people and those without an account get nothing.
                let found = account(&wish.email).await?.filter(|user| user.suspended_at.is_none());
                let Some(user) = found else { return Ok(()) };
                let link = auth.invite_to_reset(Actor::User(user.id), user.id).await.map_err(as_text)?;
                let address = format!("{}{}", self.page, paths::reset_page(&link.token));
                self.mail(&user.email, reset_words(wish.language.as_deref(), &address)).await
            }
            Letter::ConfirmEmail { user, email, language } => {
                let language = language.as_deref();
                if account(email).await?.is_some_and(|other| other.id != *user) {
                    return self.mail(email, taken_words(language)).await;
                }
                let link = auth.invite_to_email(*user, email.clone()).await.map_err(as_text)?;
                let address = format!("{}{}", self.page, paths::email_page(&link.token));
                self.mail(email, confirm_words(language, &address)).await
            }
            Letter::EmailChanged { before, language } => {
                self.mail(before, changed_words(language.as_deref())).await
            }
        }
    }

    async fn mail(&self, to: &str, (subject, text): (&'static str, String)) -> Result<(), String> {
        // Only what can be an address of a mail; an account from before may have another.
        let Ok(to) = to.parse() else { return Ok(()) };
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .body(text)
            .map_err(as_text)?;
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

fn as_text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Subject and text, in the language of the page that asked.
fn reset_words(language: Option<&str>, link: &str) -> (&'static str, String) {
    let minutes = limits::RESET_MINUTES;
    if language == Some(VIETNAMESE) {
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

/// To an address that an account is to have.
fn confirm_words(language: Option<&str>, link: &str) -> (&'static str, String) {
    let minutes = limits::RESET_MINUTES;
    if language == Some(VIETNAMESE) {
        let text = format!(
            "Ai đó muốn dùng địa chỉ này cho tài khoản của mình. Nếu đó là bạn, hãy mở liên kết này trong vòng {minutes} phút và xác nhận; liên kết chỉ dùng được một lần:\n\n{link}\n\nNếu không phải bạn, bạn không cần làm gì.\n"
        );
        return ("Xác nhận địa chỉ e-mail mới", text);
    }
    let text = format!(
        "Somebody wants to use this address for their account. If that was you, open this link within {minutes} minutes and confirm it; it works once:\n\n{link}\n\nIf it was not you, there is nothing to do.\n"
    );
    ("Confirm your new e-mail address", text)
}

/// To an address that was to be another account's and has one: who asked is not told.
fn taken_words(language: Option<&str>) -> (&'static str, String) {
    if language == Some(VIETNAMESE) {
        let text = "Ai đó muốn dùng địa chỉ này cho một tài khoản khác, nhưng địa chỉ này đã có tài khoản ở đây. Không có gì thay đổi.\n";
        return ("Địa chỉ này đã có tài khoản", text.to_owned());
    }
    let text = "Somebody wanted to use this address for another account, but it has an account here already. Nothing was changed.\n";
    ("This address has an account already", text.to_owned())
}

/// To the address that an account had.
fn changed_words(language: Option<&str>) -> (&'static str, String) {
    if language == Some(VIETNAMESE) {
        let text = "Tài khoản của bạn từ nay có địa chỉ e-mail khác; địa chỉ này không còn dùng để đăng nhập nữa.\n\nNếu không phải bạn đã đổi, hãy báo ngay cho người vận hành máy chủ.\n";
        return ("Địa chỉ e-mail của bạn đã được đổi", text.to_owned());
    }
    let text = "Your account has another e-mail address from now on; this one does not sign in to it any more.\n\nIf it was not you who changed it, tell whoever runs the server at once.\n";
    ("Your e-mail address was changed", text.to_owned())
}

/// The tag of the language that is not English.
const VIETNAMESE: &str = "vi";
