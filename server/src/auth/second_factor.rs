//! Second factors: setting one up, asking for its codes, and recovery codes.

use causerie_protocol::accounts::{NewSecondFactor, RecoveryCodes};
use causerie_protocol::{User, UserId, limits};
use rand::RngCore;

use super::people::ChangeError;
use super::{Auth, SignInError};
use crate::bus::Envelope;
use crate::clock;
use crate::second_factor::{self, Judgement, RECOVERY_BYTES, SECRET_BYTES};

impl Auth {
    /// Asks for a code of somebody whose password is right, if the account has a second factor.
    pub(super) async fn check_code(&self, user: UserId, code: Option<&str>) -> Result<(), SignInError> {
        if !self.store.has_second_factor(user).await? {
            return Ok(());
        }
        let code = code.filter(|code| !code.trim().is_empty()).ok_or(SignInError::CodeNeeded)?;
        // It may have been taken away a moment ago.
        self.store.use_code(user, code, clock::now()).await?.map_or(Ok(()), right)
    }

    /// Begins to set up a second factor; nothing is asked for until [`Auth::confirm_second_factor`].
    pub async fn begin_second_factor(&self, user: &User) -> Result<NewSecondFactor, ChangeError> {
        let mut random = [0; SECRET_BYTES];
        rand::rng().fill_bytes(&mut random);
        if !self.store.begin_second_factor(user.id, &random).await? {
            return Err(ChangeError::HasSecondFactor);
        }
        let (secret, uri) = second_factor::shown(&random, user.own_email());
        Ok(NewSecondFactor { secret, uri })
    }

    /// Sets up the one that was begun, with a code of it; the other sign-ins stay.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        code: &str,
    ) -> Result<RecoveryCodes, ChangeError> {
        let (codes, digests) = new_recovery_codes();
        let judged = self.store.confirm_second_factor(user, code, &digests, clock::now()).await?;
        right(judged.ok_or(ChangeError::NoSecondFactor)?).map_err(ChangeError::Code)?;
        self.bus.publish(vec![Envelope::UserChanged { user }]).await;
        Ok(RecoveryCodes { codes })
    }

    /// Makes other recovery codes; those before are good for nothing any more.
    pub async fn renew_recovery_codes(&self, user: UserId) -> Result<RecoveryCodes, ChangeError> {
        let (codes, digests) = new_recovery_codes();
        if !self.store.set_recovery_codes(user, &digests).await? {
            return Err(ChangeError::NoSecondFactor);
        }
        Ok(RecoveryCodes { codes })
    }
}

fn right(judgement: Judgement) -> Result<(), SignInError> {
    match judgement {
        Judgement::Right => Ok(()),
        Judgement::Wrong => Err(SignInError::WrongCode),
        Judgement::Blocked { wait } => Err(SignInError::TooManyCodes { wait }),
    }
}

fn new_recovery_codes() -> (Vec<String>, Vec<u8>) {
    let mut random = [[0; RECOVERY_BYTES]; limits::RECOVERY_CODES];
    random.iter_mut().for_each(|code| rand::rng().fill_bytes(code));
    second_factor::recovery_codes(&random)
}
