//! What whoever runs the server does to accounts and about reports from the command line, beside a running server or without
//! one.

use std::sync::Arc;

use causerie_protocol::accounts::{Account, AuditEntry, CreateInvitation, Invitation, Link, Registration};
use causerie_protocol::reports::{CloseReport, Report};
use causerie_protocol::rest::UserRef;
use causerie_protocol::{AuditId, InvitationId, PersonName, ReportId, Role, UserId, limits, text};

use crate::auth::people::ChangeError;
use crate::auth::{Auth, password};
use crate::bus::MemoryBus;
use crate::config::{Limits, Require2fa, WhoInvites};
use crate::email;
use crate::hub::Hub;
use crate::moderation;
use crate::refusal::Refusal;
use crate::store::{
    AccountChange, Actor, NotChanged, Reopening, ReportClosed, Store, StoreError, open_beside,
};

/// The accounts of an installation. Every error is one sentence.
pub struct Operator {
    store: Arc<dyn Store>,
    bus: Arc<MemoryBus>,
    hub: Hub,
    auth: Auth,
}

impl Operator {
    /// Opens the database of a URL, which a server may have at the same time.
    pub async fn open(url: &str) -> Result<Self, String> {
        let store = open_beside(url, "account").await.map_err(|error| error.to_string())?;
        // No socket is here: a server that runs finds in the database which sign-ins ended.
        let hub = Hub::new();
        let bus = Arc::new(MemoryBus::new(hub.clone()));
        let (limits, open) = (Limits::default(), Registration::Open);
        let auth = Auth::new(
            store.clone(),
            bus.clone(),
            hub.clone(),
            &limits,
            open,
            Require2fa::None,
            WhoInvites::Moderators,
        );
        Ok(Self { store, bus, hub, auth })
    }

    /// Those whose name or address holds these words.
    pub async fn list(&self, words: &str) -> Result<Vec<Account>, String> {
        let page = limits::ADMIN_PAGE as u64;
        let (mut all, mut after) = (Vec::new(), UserId(0));
        loop {
            let accounts = self.store.people(words, after, page).await.map_err(told)?;
            let Some(last) = accounts.last() else { return Ok(all) };
            after = last.id;
            all.extend(accounts);
        }
    }

    /// Makes an account. Without a password its person needs a link to set one.
    pub async fn create(
        &self,
        address: &str,
        name: Option<&str>,
        role: Role,
        password: Option<String>,
    ) -> Result<Account, String> {
        let address = email::parse(address).map_err(|error| error.to_string())?;
        let name = match name {
            Some(name) => PersonName::new(name.trim()).map_err(text::name_detail)?.into_string(),
            None => email::name_of(&address).to_owned(),
        };
        if let Some(password) = &password {
            password::check(password).map_err(|error| error.to_string())?;
        }
        let created = self.auth.create_by_command(&address, &name, password, role).await;
        let user = created.map_err(|error| told(ChangeError::from(error)))?;
        let user = user.ok_or_else(|| {
            format!("there is an account with the address {address} already: `causerie account role` changes its role")
        })?;
        self.find(user.own_email()).await
    }

    pub async fn change(&self, address: &str, change: AccountChange) -> Result<Account, String> {
        let account = self.find(address).await?;
        self.auth.change(Actor::Operator, account.id, change).await.map_err(told)
    }

    /// Whether an account can be deleted: it is there, and no installation loses its last owner by it.
    pub async fn check_deletion(&self, address: &str) -> Result<(), String> {
        let account = self.find(address).await?;
        let is_another = |other: &Account| {
            let can_act = other.suspended_at.is_none() && other.delete_at.is_none();
            other.id != account.id && other.role == Role::Owner && can_act
        };
        if account.role == Role::Owner && !self.list("").await?.iter().any(is_another) {
            return Err(told(NotChanged::LastOwner));
        }
        Ok(())
    }

    /// Makes an invitation.
    pub async fn invite(&self, role: Role, uses: i64, hours: i64) -> Result<Link, String> {
        if role == Role::Owner {
            return Err(
                "an owner is made by `causerie account create ADDRESS --owner`, not by an invitation"
                    .to_owned(),
            );
        }
        let asked = CreateInvitation { role, uses: Some(uses), hours: Some(hours), chats: Vec::new() };
        self.auth.invite(Actor::Operator, &asked).await.map_err(told)
    }

    /// The newest invitations.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, String> {
        self.store.invitations(InvitationId(i64::MAX), limits::ADMIN_PAGE as u64).await.map_err(told)
    }

    pub async fn revoke(&self, invitation: InvitationId) -> Result<(), String> {
        match self.store.revoke_invitation(Actor::Operator, invitation).await.map_err(told)? {
            true => Ok(()),
            false => Err("there is no such invitation, or it was revoked already".to_owned()),
        }
    }

    /// The newest entries of the audit log.
    pub async fn audit(&self, limit: u64) -> Result<Vec<AuditEntry>, String> {
        self.store.audit(None, AuditId(i64::MAX), limit).await.map_err(told)
    }

    /// Opens the chat of these two that one of them has ended; false as long as one has blocked the other.
    pub async fn reopen(&self, address: &str, other: &str) -> Result<bool, String> {
        let (one, other) = (self.find(address).await?.id, self.find(other).await?.id);
        let reopening = moderation::reopen(&*self.store, &*self.bus, &self.hub, Actor::Operator, one, other);
        match reopening.await.map_err(told)? {
            Reopening::Done { still_parted, .. } => Ok(!still_parted),
            Reopening::NotEnded => Err(Refusal::pair_not_ended().detail.into_owned()),
        }
    }

    /// What was reported and is open, or all of it, the newest first.
    pub async fn reports(&self, all: bool) -> Result<Vec<Report>, String> {
        let page = limits::ADMIN_PAGE as u64;
        let (mut reports, mut before) = (Vec::new(), ReportId(i64::MAX));
        loop {
            let next = self.store.reports(None, !all, before, page).await.map_err(told)?;
            let Some(last) = next.last() else { return Ok(reports) };
            before = last.id;
            reports.extend(next);
        }
    }

    /// A report with its copies.
    pub async fn report(&self, id: ReportId) -> Result<Report, String> {
        let report = self.store.read_report(id).await.map_err(told)?;
        report.ok_or_else(|| Refusal::no_such_report().detail.into_owned())
    }

    /// Does something about a report and closes it.
    pub async fn close_report(&self, id: ReportId, body: &CloseReport) -> Result<Report, String> {
        let closed = moderation::close_report(&*self.store, &*self.bus, Actor::Operator, id, body).await;
        match closed.map_err(told)? {
            ReportClosed::Now(done) => Ok(done.report),
            refused => Err(Refusal::report_not_closed(refused).detail.into_owned()),
        }
    }

    /// Makes a link to set the password of this account.
    pub async fn reset(&self, address: &str) -> Result<Link, String> {
        let account = self.find(address).await?;
        self.auth.invite_to_reset(Actor::Operator, account.id).await.map_err(told)
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }

    async fn find(&self, address: &str) -> Result<Account, String> {
        let found = match address.parse().map(UserId) {
            Ok(id) => self.store.person(&UserRef::Id(id)).await,
            Err(_) => self.store.person(&UserRef::Email(address.trim().to_owned())).await,
        };
        found.map_err(told)?.ok_or_else(|| {
            format!("there is no account {address}: `causerie account list` shows them all; name one by its address or its number")
        })
    }
}

/// What a person is told, with what only whoever runs the server may know.
fn told(error: impl Into<ChangeError>) -> String {
    match error.into() {
        ChangeError::Password(crate::auth::PasswordError::Store(StoreError::Unusable(sentence))) => sentence,
        ChangeError::Password(crate::auth::PasswordError::Store(error)) => error.to_string(),
        other => Refusal::from(other).detail.into_owned(),
    }
}
