// Walks a listing that the remote hands out one page at a time.
//
// Pure: it says which page to ask for next and is told what came back. It gives up on a remote that
// repeats a token or never ends, so a listing is always finite. A page's token and links are data:
// they never decide which host or path is asked.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::rest {

// What to add to the list call to ask for one page.
struct PageQuery {
    PageQuery() = default;

    std::vector<QueryParameter> query;
    // Replaces the whole query, encoded already: what a link of the page before said.
    std::optional<std::string> link;
};

class Paginator {
public:
    // `paging` must outlive it. `path` is that of the list: links to another one are refused ("":
    // not compared).
    Paginator(const Paging& paging, std::string path) : paging_(paging), path_(std::move(path)) {}

    // How to ask for the next page, or nothing at the end.
    std::optional<PageQuery> next() const;

    // Takes what the page that was asked for says: the whole answer (its items may be gone
    // already), the header Link, and how many items it had. Fails with rejected when a token is
    // repeated or a link leads elsewhere, with too_large past pages_max or items_max. No error
    // shows a token or a link: they may be an echo of a secret.
    Result<void> accept(const Value& answer, std::string_view link_header, std::size_t items);

    std::size_t pages() const { return pages_; }
    std::size_t items() const { return items_; }
    // True when one page held everything, and nothing that the answer says contradicts that.
    bool proves_absence() const;
    // True when the answers say that there is more than was seen.
    bool is_short() const { return total_ && items_ < *total_; }
    // True while nothing but the size of pages tells where the listing ends. A server may give out
    // smaller ones than it is asked for, so after a first page that is not full comes another look.
    bool guesses_end() const { return has_numbered_pages() && !total_; }
    // The page that was asked for is refused: ends a listing whose end is a guess, and whose last
    // page was not full. False: it is no end. `says_absent`: the refusal says that there is no such
    // page, and not only that it is not given out.
    bool accept_refusal(bool says_absent);

private:
    bool has_numbered_pages() const
    {
        return paging_.style == PageStyle::offset || paging_.style == PageStyle::page;
    }
    bool is_last(std::size_t items) const;
    Result<void> go_on(std::string token);
    Result<void> accept_link(const Value& answer, std::string_view header);

    const Paging& paging_;
    std::string path_;
    bool done_ = false;
    std::string token_; // of the page to ask for; "" for the first
    std::set<std::string> seen_;
    std::optional<std::size_t> total_;
    std::size_t pages_ = 0;
    std::size_t items_ = 0;
    std::size_t first_items_ = 0;
    std::size_t last_items_ = 0;
};

} // namespace trueup::rest
