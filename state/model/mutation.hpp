// Seeded bugs, by which the tests are tested: places where one build, made for that alone, can be
// told to do the wrong thing (docs/reliability.md).
//
// In every other build mutated() is the constant false, and nothing of it is left in the program.

#pragma once

namespace trueup {

enum class Mutation {
    none,
    create_without_look,      // a create of a kind that allows duplicates asks nobody first
    resend_without_look,      // a create whose answer was lost is sent again at once
    resend_without_settling,  // ... after one look
    recover_without_settling, // a restart looks once and sends again
    give_up_lost_create,      // a create whose answer was lost is called failed, unlooked
    no_create_intent,
    no_update_intent,
    no_delete_intent,
    close_intent_early,  // before the create is sent
    audit_before_effect, // a write is recorded as done before it is sent
    audit_twice,         // a write is recorded twice
    audit_nothing,       // a write is not recorded
    ignore_pin,          // an update does not mind that the object changed since the plan
    delete_what_changed, // nor does a delete
    delete_others,       // a delete does not mind whose mark the object carries
    forget_replaced,     // a restart forgets the old one of a create-first replace
    forget_new_record,   // a restart forgets the record of the new one
    failure_stops_all,   // the first failed action is the last one
    failed_listing_is_empty,
    failed_read_is_absence,
    partial_list_is_all, // what a walk of several pages did not see does not exist
    page_error_is_end,   // a page that cannot be had ends the list
    replace_unasked,
    prune_unasked,
    delete_protected,
    delete_abandoned,
    take_everything,  // what exists under a declared name is ours
    any_mark_is_ours, // our owner name is enough, whatever the address
    prune_clones,     // ... when pruning
    no_guards,
    endless_retry,
    repeat_creates, // on the errors on which reads are repeated
    no_renewal,     // a 401 is final
    secret_in_message,
    secret_in_state,
    no_mark,
    wrong_mark,           // of another address
    skip_broken_document, // the rest of the manifests is taken for all of them
    lose_commit,          // a commit that fails is said to have been done
    no_sync,              // what was committed may be lost when the power goes
    skip_read_back,       // nobody looks what the API kept of an update
    no_writer_lock,       // a second process writes to the state of the first
    no_wait_for_ready,    // what was written counts as ready
    recover_as_ready,     // ... what a dead run wrote
    ignore_differences,   // what exists is as declared, whatever it holds
};

inline constexpr int mutations = static_cast<int>(Mutation::ignore_differences) + 1;

#ifdef TRUEUP_MUTATIONS
// Owned by the test.
extern Mutation active_mutation;

inline bool mutated(Mutation mutation)
{
    return active_mutation == mutation;
}
#else
constexpr bool mutated(Mutation)
{
    return false;
}
#endif

} // namespace trueup
