//! `/api/chats/…`: starting, listing, changing and leaving chats.

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use axum::{Json, Router};
use causerie_protocol::accounts::{CreateInvitation, Invitation, Link};
use causerie_protocol::rest::{
    AddParticipant, Asked, Chat, ChatKind, ChatStatus, CreateChat, UpdateChat, UpdateParticipant, UserRef,
};
use causerie_protocol::{
    ChatId, ChatSettings, ChatTitle, InvitationId, UpdateChatSettings, UserId, limits, paths,
};
use url::form_urlencoded;

use super::RouteSlash;
use super::caller::check_rate;
use super::id::Id;
use super::json_body::JsonBody;
use super::paging::{Page, link_to_next};
use super::peer_addr::PeerAddr;
use crate::auth::Caller;
use crate::chat::{AppendError, CreateOutcome};
use crate::config::NewChats;
use crate::mail::Letter;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::{Actor, Append, Ask, Change, Ended, NewChat, Refused};
use crate::{clock, email};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route_slash(paths::CHATS, get(list).post(create))
        .route_slash(&format!("{}{{id}}/", paths::CHATS), get(read).patch(update).delete(remove))
        .route_slash(&format!("{}{{id}}/participants/", paths::CHATS), post(join))
        .route_slash(&format!("{}{{id}}/participants/{{user}}/", paths::CHATS), patch(set_role).delete(expel))
        .route_slash(&format!("{}{{id}}/invitations/", paths::CHATS), get(invitations).post(invite))
        .route_slash(
            &format!("{}{{id}}/invitations/{{invitation}}/", paths::CHATS),
            delete(revoke_invitation),
        )
        .route_slash(&format!("{}{{id}}/settings/", paths::CHATS), patch(set))
        .route_slash(&format!("{}{{id}}/leave/", paths::CHATS), post(leave))
        .route_slash(&format!("{}{{id}}/accept/", paths::CHATS), post(accept))
}

async fn list(
    State(app): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<(HeaderMap, Json<Vec<Chat>>), Refusal> {
    let query = query.as_deref().unwrap_or_default();
    if form_urlencoded::parse(query.as_bytes()).any(|(name, value)| (&*name, &*value) == ("pinned", "true")) {
        return Ok((HeaderMap::new(), Json(app.chats.pinned(caller.user.id).await?)));
    }
    let position = "a place in the list, as a \"Link\" header names it";
    let page = Page::parse(query, limits::CHATS_PAGE, limits::CHATS_PAGE, position)?;
    let mut chats = app.chats.list(caller.user.id, page.before, page.fetch_limit()).await?;
    let mut headers = HeaderMap::new();
    if chats.len() > page.limit {
        chats.truncate(page.limit);
        if let Some(last) = chats.last() {
            headers = link_to_next(paths::CHATS, page.limit, last.cursor());
        }
    }
    Ok((headers, Json(chats)))
}

async fn create(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    JsonBody(body): JsonBody<CreateChat>,
) -> Result<Response, Refusal> {
    let CreateChat { participants, title, client_id, language } = body;
    let me = caller.user.id;
    // Chats have numbers from 1 on, so 0 stands for the one that is to be made.
    check_rate(&app, &caller, client_id.as_ref().map(|id| (ChatId(0), id)))?;
    if app.mailer.is_set_up()
        && title.is_none()
        && let [UserRef::Email(email)] = participants.as_slice()
        && find(&app, me, &participants[0], &peer).await?.is_stranger
    {
        return Ok(ask(&app, &caller, email, language).await?.into_response());
    }
    let asks = app.config.new_chats == NewChats::Requests;
    // Or a stranger would come around the request.
    let takes_strangers = !keeps_strangers_out(&app) || participants.len() == 1 && title.is_none();
    let Others { users: mut participants, strangers } =
        others(&app, me, &participants, &peer, takes_strangers).await?;
    let direct = participants.len() == 1 && title.is_none();
    if strangers && direct {
        app.auth.start_chat(me).map_err(Refusal::too_many_new_chats)?;
    }
    participants.push(me);
    let title = title.map(ChatTitle::into_string);
    match app
        .chats
        .create(NewChat { creator: me, participants, title, direct, client_id, asks, unseen: false })
        .await?
    {
        CreateOutcome::New(chat) => Ok((StatusCode::CREATED, Json(chat)).into_response()),
        CreateOutcome::Existing(chat) => Ok(Json(chat).into_response()),
        CreateOutcome::Parted => Err(Refusal::no_such_participant()),
        CreateOutcome::NotAccepted(error) => Err(error.into()),
        CreateOutcome::Refused(refused) => Err(refused.into()),
    }
}

/// Asks whoever has this address for a chat, be it somebody or not: the same answer, before anything is done.
async fn ask(
    app: &AppState,
    caller: &Caller,
    address: &str,
    language: Option<String>,
) -> Result<(StatusCode, Json<Asked>), Refusal> {
    // No mail goes to another one, so nobody with such an address, from before it was checked, is asked either.
    let email = email::parse(address).map_err(|_| Refusal::no_such_participant())?;
    app.auth.start_chat(caller.user.id).map_err(Refusal::too_many_new_chats)?;
    let user = caller.user.clone();
    let id = app.store.keep_ask(user.id, &email, language.as_deref(), clock::now()).await?;
    // When too many wait, this one is found later.
    let _ = app.mailer.send(Letter::Ask(Ask { id, user, email, language }));
    Ok((StatusCode::ACCEPTED, Json(Asked { asked: address.to_owned() })))
}

/// Whether groups take only people that who adds them shares a chat with: where a stranger has to be asked, and where nobody
/// is to learn whether an address has an account.
fn keeps_strangers_out(app: &AppState) -> bool {
    app.config.new_chats == NewChats::Requests || app.mailer.is_set_up()
}

async fn read(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
) -> Result<Json<Chat>, Refusal> {
    Ok(Json(chat(&app, caller.user.id, id).await?))
}

async fn update(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
    JsonBody(body): JsonBody<UpdateChat>,
) -> Result<Json<Chat>, Refusal> {
    let UpdateChat { status, title, hides_past } = body;
    let me = caller.user.id;
    if title.is_some() || status.is_some() || hides_past.is_some() {
        check_rate(&app, &caller, None)?;
        if status == Some(ChatStatus::Closed) && title.is_none() && hides_past.is_none() {
            match app.chats.end(me, id).await? {
                Ended::Pair(_) => return Ok(Json(chat(&app, me, id).await?)),
                Ended::NoSuchChat => return Err(Refusal::no_such_chat()),
                Ended::Group => {}
            }
        }
        let change = Change::Update { title: title.map(ChatTitle::into_string), status, hides_past };
        let appended = app.chats.append(Append { actor: caller.user.id, chat: id, change }).await;
        appended.map_err(|error| match error {
            AppendError::Refused(Refused::NotAGroup) => Refusal::from(error).at("title"),
            _ => error.into(),
        })?;
    }
    Ok(Json(chat(&app, caller.user.id, id).await?))
}

async fn remove(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    app.chats.delete(caller.user.id, id).await??;
    Ok(StatusCode::NO_CONTENT)
}

async fn join(
    State(app): State<AppState>,
    caller: Caller,
    peer: PeerAddr,
    Id(id): Id<ChatId>,
    JsonBody(body): JsonBody<AddParticipant>,
) -> Result<(StatusCode, Json<Chat>), Refusal> {
    check_rate(&app, &caller, None)?;
    // First, since the answer must not tell a stranger to the chat whether somebody has an account.
    chat(&app, caller.user.id, id).await?;
    let Found { user, is_stranger } = find(&app, caller.user.id, &body.user, &peer).await?;
    // As in a new group.
    let is_kept_out = is_stranger && keeps_strangers_out(&app);
    let user = user.filter(|_| !is_kept_out).ok_or(Refused::NoSuchUser)?;
    let change = Change::Join { user };
    app.chats.append(Append { actor: caller.user.id, chat: id, change }).await?;
    Ok((StatusCode::CREATED, Json(chat(&app, caller.user.id, id).await?)))
}

async fn set_role(
    State(app): State<AppState>,
    caller: Caller,
    Id((id, user)): Id<(ChatId, UserId)>,
    JsonBody(UpdateParticipant { role }): JsonBody<UpdateParticipant>,
) -> Result<Json<Chat>, Refusal> {
    check_rate(&app, &caller, None)?;
    let change = Change::SetRole { user, role };
    app.chats.append(Append { actor: caller.user.id, chat: id, change }).await?;
    Ok(Json(chat(&app, caller.user.id, id).await?))
}

async fn expel(
    State(app): State<AppState>,
    caller: Caller,
    Id((id, user)): Id<(ChatId, UserId)>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    app.chats.append(Append { actor: caller.user.id, chat: id, change: Change::Remove { user } }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn invite(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
    JsonBody(mut body): JsonBody<CreateInvitation>,
) -> Result<(StatusCode, Json<Link>), Refusal> {
    check_rate(&app, &caller, None)?;
    if chat(&app, caller.user.id, id).await?.kind == ChatKind::Direct {
        return Err(Refused::NotAGroup.into());
    }
    if !body.chats.contains(&id) {
        body.chats.push(id);
    }
    let link = app.auth.invite(Actor::User(caller.user.id), &body).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

async fn invitations(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
) -> Result<Json<Vec<Invitation>>, Refusal> {
    // First, since a stranger is told of no chat.
    chat(&app, caller.user.id, id).await?;
    let most = limits::GROUP_INVITATIONS as u64;
    Ok(Json(app.store.invitations_into(caller.user.id, id, clock::now(), most).await??))
}

async fn revoke_invitation(
    State(app): State<AppState>,
    caller: Caller,
    Id((group, id)): Id<(ChatId, InvitationId)>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    chat(&app, caller.user.id, group).await?;
    if !app.store.revoke_invitation_into(caller.user.id, group, id).await?? {
        return Err(Refusal::no_such_invitation());
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn set(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
    JsonBody(body): JsonBody<UpdateChatSettings>,
) -> Result<Json<ChatSettings>, Refusal> {
    check_rate(&app, &caller, None)?;
    if body.muted_until.is_some() && body.notify.is_none() {
        return Err(Refusal::missing("notify"));
    }
    Ok(Json(app.chats.set(caller.user.id, id, &body).await??))
}

async fn leave(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
) -> Result<StatusCode, Refusal> {
    check_rate(&app, &caller, None)?;
    app.chats.append(Append { actor: caller.user.id, chat: id, change: Change::Leave }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn accept(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<ChatId>,
) -> Result<Json<Chat>, Refusal> {
    check_rate(&app, &caller, None)?;
    app.chats.accept(caller.user.id, id).await?;
    Ok(Json(chat(&app, caller.user.id, id).await?))
}

async fn chat(app: &AppState, user: UserId, id: ChatId) -> Result<Chat, Refusal> {
    app.chats.get(user, id).await?.ok_or_else(Refusal::no_such_chat)
}

/// Somebody whom a request names.
struct Found {
    user: Option<UserId>,
    /// They share no chat with the person who asks.
    is_stranger: bool,
}

/// Looks for somebody; an address of a stranger counts as tried, be it of somebody or not.
async fn find(app: &AppState, me: UserId, wanted: &UserRef, peer: &PeerAddr) -> Result<Found, Refusal> {
    let user = app.store.reachable_user(me, wanted).await?;
    if user == Some(me) || matches!(wanted, UserRef::Id(_)) {
        return Ok(Found { user, is_stranger: false });
    }
    // Asked of nobody too, so that the time tells nothing.
    let is_stranger = !app.store.are_acquainted(me, user.unwrap_or(UserId(0))).await?;
    if is_stranger {
        app.auth.try_address(me, peer.for_limits()).map_err(Refusal::too_many_addresses)?;
    }
    Ok(Found { user, is_stranger })
}

struct Others {
    users: Vec<UserId>,
    /// Some of them share no chat with the person who asks.
    strangers: bool,
}

/// The people that a new chat's `participants` name, each once, without the person who asks. Where a stranger is not taken,
/// nothing tells them from nobody.
async fn others(
    app: &AppState,
    me: UserId,
    participants: &[UserRef],
    peer: &PeerAddr,
    takes_strangers: bool,
) -> Result<Others, Refusal> {
    if participants.len() > limits::PARTICIPANTS {
        return Err(Refusal::too_many_participants());
    }
    let mut others = Vec::with_capacity(participants.len());
    let mut strangers = false;
    for reference in participants {
        let Found { user, is_stranger } = find(app, me, reference, peer).await?;
        let user =
            user.filter(|_| takes_strangers || !is_stranger).ok_or_else(Refusal::no_such_participant)?;
        strangers |= is_stranger;
        if user != me && !others.contains(&user) {
            others.push(user);
        }
    }
    match others.len() {
        0 => Err(Refusal::no_other_participant()),
        count if count >= limits::PARTICIPANTS => Err(Refusal::too_many_participants()),
        _ => Ok(Others { users: others, strangers }),
    }
}
