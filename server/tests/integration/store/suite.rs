//! The suite: one test a promise of the contract, the same on every backend.

/// Makes the tests, each in a fresh store that `open` gives for an empty folder.
macro_rules! contract {
    ($open:path) => {
        $crate::store::suite::contract! {
            $open:
            accounts::an_address_is_taken_whatever_its_case,
            accounts::an_address_is_one_account_in_every_spelling,
            accounts::a_password_hash_is_replaced_while_it_is_the_old_one,
            accounts::people_are_reached_by_address_and_by_id_only_by_those_who_share_a_chat,
            accounts::nobody_sees_the_address_of_others,
            accounts::a_token_is_found_by_its_digest_until_it_is_revoked,
            accounts::only_good_sign_ins_are_listed,
            people::the_first_who_registers_is_the_owner_and_nobody_after,
            people::an_installation_keeps_its_last_owner,
            people::two_owners_who_go_at_once_leave_one,
            people::nobody_gives_or_takes_what_is_above_them,
            people::who_is_suspended_is_signed_out_and_found_by_nobody,
            people::an_invitation_lets_in_as_many_as_it_says_and_no_longer,
            people::an_invitation_is_used_only_by_an_account_that_is_made,
            people::invitations_end_with_what_their_maker_may,
            people::a_link_sets_a_password_once_and_ends_every_sign_in,
            people::an_address_is_changed_unless_it_is_anothers,
            people::a_deleted_account_leaves_its_messages_and_nothing_to_sign_in_to,
            people::the_audit_log_tells_who_did_what_to_whom,
            chats::a_pair_has_one_chat,
            chats::a_chat_is_seen_by_its_people_only,
            chats::unread_counts_messages_of_others_that_are_not_deleted,
            chats::the_chat_that_changed_last_comes_first,
            chats::only_messages_move_a_chat,
            chats::the_list_comes_in_pages_that_join_without_a_gap,
            chats::a_chat_that_is_started_is_first_until_another_is_written_in,
            chats::chats_that_moved_are_found_by_their_newest_message,
            chats::the_list_holds_some_people_of_a_large_chat_and_counts_all,
            chats::the_same_client_id_is_one_chat_for_ever,
            chats::copies_of_a_request_that_come_at_once_make_one_chat,
            chats::a_deleted_group_is_gone_with_its_log,
            chats::a_group_takes_people_and_lets_them_go,
            log::positions_have_no_gaps_and_one_refusal_concerns_no_other,
            log::the_same_client_id_is_one_message_for_ever,
            log::the_same_client_id_twice_in_a_batch_is_one_message,
            log::a_client_id_with_another_text_is_refused,
            log::two_people_may_use_the_same_client_id,
            log::a_closed_chat_takes_no_messages,
            log::an_edit_changes_the_message_and_the_log_tells_it,
            log::a_deleted_message_leaves_its_place_but_not_its_text,
            log::only_the_sender_edits_and_deletes,
            log::read_positions_only_grow_and_stop_at_the_head,
            log::history_comes_in_pages,
            log::the_log_is_read_after_a_position,
            log::many_writers_leave_no_gap_and_keep_their_order,
            log::any_text_is_kept_as_it_is,
            refused::who_was_out_of_the_chat_stays_refused_for_that_message,
            refused::a_message_to_a_closed_chat_stays_refused_when_it_opens,
            refused::a_refusal_counts_for_what_follows_it_in_its_batch,
            refused::what_is_stored_is_acknowledged_to_who_has_left_since,
            refused::two_copies_at_once_have_one_outcome,
            refused::a_chat_that_is_gone_or_never_was_refuses_too,
            apart::a_block_closes_the_chat_of_the_two_and_taking_it_back_opens_it,
            apart::a_chat_that_one_of_two_ended_stays_so,
            apart::each_of_two_removes_their_own_copy_and_the_last_erases_it,
            apart::who_is_apart_is_not_reached_and_starts_nothing_with_the_other,
            apart::who_is_apart_sees_neither_presence_nor_read_positions,
            apart::who_hides_does_not_see,
            apart::only_somebody_one_has_to_do_with_is_blocked,
            apart::a_block_and_a_new_chat_at_once_leave_no_open_chat,
            apart::partings_are_found_by_their_numbers,
            requests::a_chat_with_a_stranger_waits_until_the_other_accepts,
            requests::who_asks_writes_so_many_messages_and_a_reply_accepts,
            requests::a_request_is_counted_and_answered_within_one_batch,
            requests::until_it_is_accepted_nothing_but_messages_passes,
            requests::who_shares_a_chat_does_not_ask,
            requests::a_request_that_is_refused_looks_like_a_chat_that_ended,
            requests::requests_are_found_by_nodes_that_missed_them,
            reports::a_report_keeps_the_message_and_those_before_it_whatever_is_deleted,
            reports::only_what_one_may_see_is_reported_and_copied,
            reports::a_person_reports_so_much_a_day,
            reports::of_two_moderators_who_act_at_once_one_does_and_the_other_is_told,
            roles::who_starts_a_group_owns_it_and_roles_decide,
            roles::a_group_always_has_an_owner,
            roles::a_moderator_deletes_messages_of_others,
            roles::who_is_removed_is_out_and_the_log_says_by_whom,
            roles::who_joins_a_group_that_hides_its_past_sees_nothing_of_it,
            page::the_files_of_the_last_versions_are_kept_and_older_ones_let_go,
            page::nodes_of_two_versions_that_start_at_once_both_keep_their_files,
        }
    };
    ($open:path: $($module:ident :: $promise:ident,)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                $crate::store::$module::$promise($crate::store::world::World::new($open(folder.path()).await).await).await;
            }
        )+
    };
}
pub(super) use contract;
