//! Mails with links: to set a new password, to confirm an address, to come by an invitation; and news of a changed address.
//! They are sent one after the other.

mod sender;

use std::sync::Arc;
use std::time::Duration;

use causerie_protocol::accounts::AskReset;
use causerie_protocol::rest::UserRef;
use causerie_protocol::{UserId, limits, paths};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::auth::Auth;
use crate::chat::Chats;
use crate::clock;
use crate::config::Smtp;
use crate::store::{Ask, Store};

/// Letters that wait to be written; one more is refused, whoever it is about.
const QUEUE: usize = 256;
/// Mails that wait for the mail server; one more is dropped, so that how fast that takes them shows in no answer.
const OUTGOING: usize = 256;

/// How often is looked for chats that were asked for and not carried out, and how long ago that was at least.
const SWEEP: Duration = Duration::from_secs(60);
/// How many of them one look takes.
const SWEPT_AT_ONCE: u64 = 64;

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
    /// Somebody wants a chat with an address: who has an account is asked for it, and who has none is invited by mail.
    Ask(Ask),
    /// Somebody wants to make an account with this address, perhaps by the invitation of this digest.
    Register { email: String, invitation: Option<[u8; 32]>, language: Option<String> },
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
    /// Writes the letters, one after the other, and beside that sends the mails that come of them.
    pub(crate) async fn run(self, store: Arc<dyn Store>, auth: Auth, chats: Chats) {
        let Self { mut letters, transport, from, page } = self;
        let (outgoing, mails) = mpsc::channel(OUTGOING);
        let writer = Writer { outgoing, from, page };
        let write = async move {
            let mut sweep = interval(SWEEP);
            sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let due = tokio::select! {
                    letter = letters.recv() => match letter {
                        Some(letter) => vec![letter],
                        None => return,
                    },
                    _ = sweep.tick() => unless_failed(left_over(&*store).await).unwrap_or_default(),
                };
                for letter in due {
                    unless_failed(writer.serve(&*store, &auth, &chats, &letter).await);
                }
            }
        };
        tokio::join!(write, sender::run(transport, mails));
    }
}

/// Neither an address nor a link is anything for the log, and no error holds one.
fn unless_failed<T>(done: Result<T, String>) -> Option<T> {
    done.inspect_err(|error| tracing::warn!(%error, "a mail could not be written")).ok()
}

/// What a server was asked for that ended before it did it.
async fn left_over(store: &dyn Store) -> Result<Vec<Letter>, String> {
    let asks = store.asks(clock::now() - SWEEP, SWEPT_AT_ONCE).await.map_err(as_text)?;
    Ok(asks.into_iter().map(Letter::Ask).collect())
}

/// Makes mails of letters.
struct Writer {
    outgoing: mpsc::Sender<Message>,
    from: Mailbox,
    /// What links begin with.
    page: String,
}

impl Writer {
    async fn serve(
        &self,
        store: &dyn Store,
        auth: &Auth,
        chats: &Chats,
        letter: &Letter,
    ) -> Result<(), String> {
        let account = async |email: &str| {
            let asked = UserRef::Email(email.trim().to_owned());
            store.person(&asked).await.map_err(|error| error.to_string())
        };
        match letter {
            Letter::Reset(wish) => {
                // Suspended people and those without an account get nothing.
                let found = account(&wish.email).await?.filter(|user| user.suspended_at.is_none());
                let Some(user) = found else { return Ok(()) };
                let link = auth.mail_reset(user.id, &user.email).await.map_err(as_text)?;
                let address = format!("{}{}", self.page, paths::reset_page(&link.token));
                self.mail(&user.email, reset_words(wish.language.as_deref(), &address))
            }
            Letter::ConfirmEmail { user, email, language } => {
                let language = language.as_deref();
                if account(email).await?.is_some_and(|other| other.id != *user) {
                    return self.mail(email, taken_words(language));
                }
                let link = auth.invite_to_email(*user, email.clone()).await.map_err(as_text)?;
                let address = format!("{}{}", self.page, paths::email_page(&link.token));
                self.mail(email, confirm_words(language, &address))
            }
            Letter::Ask(Ask { id, user, email, language }) => {
                if let Some(found) = account(email).await? {
                    if found.suspended_at.is_none() && found.id != user.id {
                        chats.ask(user.id, found.id).await.map_err(as_text)?;
                    }
                } else if let Some(link) = auth.mail_invitation(user.id, email).await.map_err(as_text)? {
                    let address = format!("{}{}", self.page, paths::join_page(&link.token));
                    self.mail(email, invitation_words(language.as_deref(), &user.name, &address))?;
                }
                // What fails before is tried again by a later sweep.
                store.forget_ask(*id).await.map_err(as_text)
            }
            Letter::Register { email, invitation, language } => {
                let language = language.as_deref();
                if account(email).await?.is_some() {
                    return self.mail(email, has_account_words(language));
                }
                let Some(link) = auth.mail_registration(email, *invitation).await.map_err(as_text)? else {
                    return Ok(());
                };
                let address = format!("{}{}", self.page, paths::join_page(&link.token));
                self.mail(email, registration_words(language, &address))
            }
            Letter::EmailChanged { before, language } => {
                self.mail(before, changed_words(language.as_deref()))
            }
        }
    }

    fn mail(&self, to: &str, (subject, text): (&'static str, String)) -> Result<(), String> {
        // Only what can be an address of a mail; an account from before may have another.
        let Ok(to) = to.parse() else { return Ok(()) };
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .body(text)
            .map_err(as_text)?;
        self.outgoing.try_send(mail).map_err(|_| "too many wait for the mail server".to_owned())
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

/// To an address with which somebody wants to make an account, and which has none.
fn registration_words(language: Option<&str>, link: &str) -> (&'static str, String) {
    let hours = limits::REGISTRATION_HOURS;
    if language == Some(VIETNAMESE) {
        let text = format!(
            "Ai đó muốn tạo tài khoản với địa chỉ này. Nếu đó là bạn, hãy mở liên kết này trong vòng {hours} giờ rồi chọn tên và mật khẩu; liên kết chỉ dùng được một lần:\n\n{link}\n\nNếu không phải bạn, bạn không cần làm gì.\n"
        );
        return ("Tạo tài khoản của bạn", text);
    }
    let text = format!(
        "Somebody wants to make an account with this address. If that was you, open this link within {hours} hours and choose a name and a password; it works once:\n\n{link}\n\nIf it was not you, there is nothing to do.\n"
    );
    ("Make your account", text)
}

/// To an address with which somebody wants to make an account, and which has one.
fn has_account_words(language: Option<&str>) -> (&'static str, String) {
    if language == Some(VIETNAMESE) {
        let text = "Ai đó muốn tạo tài khoản với địa chỉ này, nhưng địa chỉ này đã có tài khoản ở đây. Nếu đó là bạn, hãy đăng nhập; nếu quên mật khẩu, hãy chọn “Quên mật khẩu?” ở trang đăng nhập.\n\nNếu không phải bạn, bạn không cần làm gì.\n";
        return ("Bạn đã có tài khoản", text.to_owned());
    }
    let text = "Somebody wants to make an account with this address, which has one here already. If that was you, sign in; if you forgot the password, ask for a new one on the sign-in page.\n\nIf it was not you, there is nothing to do.\n";
    ("You have an account already", text.to_owned())
}

/// To an address with which somebody of this name wants to chat.
fn invitation_words(language: Option<&str>, name: &str, link: &str) -> (&'static str, String) {
    let days = limits::INVITATION_HOURS / 24;
    // What a mail program could make a link of is no name, so that nobody advertises by it.
    let name = Some(name).filter(|name| !name.contains(['.', ':', '/', '@', '\u{ff0e}', '\u{3002}']));
    if language == Some(VIETNAMESE) {
        let name = name.map_or_else(|| "Một người".to_owned(), |name| format!("“{name}”"));
        let text = format!(
            "{name} muốn trò chuyện với bạn. Nếu bạn cũng muốn, hãy mở liên kết này trong vòng {days} ngày và tạo một tài khoản; liên kết chỉ dùng được một lần:\n\n{link}\n\nNếu không, bạn không cần làm gì.\n"
        );
        return ("Lời mời trò chuyện", text);
    }
    let name = name.map_or_else(|| "Somebody".to_owned(), |name| format!("“{name}”"));
    let text = format!(
        "{name} would like to chat with you. If you would too, open this link within {days} days and make an account; it works once:\n\n{link}\n\nIf not, there is nothing to do.\n"
    );
    ("An invitation to chat", text)
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
