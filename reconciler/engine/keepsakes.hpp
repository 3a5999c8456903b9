// What the engine notes beside records and intents, as memos of the Store: which objects we let go
// of, and what a replace was planned on that makes the new object before the old one goes.
//
// It only makes memos and reads them; when they are written is up to who changes something.

#pragma once

#include "reconciler/plan/change.hpp"
#include "state/model/resource.hpp"
#include "state/store/store.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup {

// An object that was ours and is not any more, although it, or a copy of it, may still carry our
// mark.
Memo released_memo(const std::string& kind, const std::string& uid, const std::string& address);

// All of them: "KIND UID", and the addresses that they had.
std::set<std::string> released_objects(const std::vector<Memo>& memos);
std::set<std::string> released_addresses(const std::vector<Memo>& memos);
std::string object_key(const std::string& kind, const std::string& uid);

// What the old object of a create-first replace is like, when it is as planned and the new one is
// about to be made; kept as long as the replace's intent is open. The key, the intent's id, is set
// when that is known.
Memo replaced_memo(const Action& action, const Observed& old, const Mark& ours);
std::pair<std::string, std::string> replaced_memo_key(const std::string& intent_id);

// Whether `object`, just read, is still what the memo of `intent_id` speaks of, our mark included.
// False without a memo.
bool is_as_replaced(const std::vector<Memo>& memos,
                    const std::string& intent_id,
                    const Kind& kind,
                    const Observed& object,
                    const Mark& ours);

} // namespace trueup
