// Walks a listing that the API hands out one page at a time.
//
// Pure: it says which page to ask for next and is told what came back. It gives up on an API that repeats a
// token or never ends, so a listing is always finite (kinds.md a.2).

#pragma once

#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup {

class Paginator {
public:
    // `paging` must outlive the paginator.
    explicit Paginator(const Paging& paging) : paging_(paging) {}

    // The query parameters of the page to fetch, or nothing at the end.
    std::optional<std::vector<QueryParameter>> next() const;

    // Takes what the fetched page says: its answer, how many items it held, and the Link header ("" where
    // there is none). Fails with rejected on a repeated token and with too_large over a limit.
    Result<void> accept(const Value& answer, std::size_t items, std::string_view link);

    std::size_t pages() const { return pages_; }
    std::size_t items() const { return items_; }
    // One page held everything, and nothing in it says otherwise.
    bool was_single_page() const { return done_ && pages_ == 1 && !count_says_more_; }

private:
    Result<void> follow(std::string token);

    const Paging& paging_;
    std::string token_;
    std::set<std::string> seen_;
    std::size_t pages_ = 0;
    std::size_t items_ = 0;
    bool done_ = false;
    bool count_says_more_ = false;
};

} // namespace trueup
