#include "api/rest/paginator.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

// True when one of the parameters after the <...> of a link says that it leads to the next page.
bool is_next(std::string_view parameters)
{
    for (std::size_t at = parameters.find("rel="); at != std::string_view::npos;
         at = parameters.find("rel=", at + 4)) {
        std::string_view value = parameters.substr(at + 4);
        value = value.substr(0, value.find(';'));
        value = trimmed(value);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        if (value == "next")
            return true;
    }
    return false;
}

// The target of rel="next" in a header Link (RFC 8288), or "".
std::string_view next_link(std::string_view header)
{
    while (!header.empty()) {
        const std::size_t open = header.find('<');
        const std::size_t close = header.find('>', open);
        if (open == std::string_view::npos || close == std::string_view::npos)
            return {};
        const std::size_t end = std::min(header.find(',', close), header.size());
        if (is_next(header.substr(close + 1, end - close - 1)))
            return header.substr(open + 1, close - open - 1);
        header.remove_prefix(std::min(end + 1, header.size()));
    }
    return {};
}

// The path and query of a link, without the scheme and host that it may name.
std::string_view without_origin(std::string_view link)
{
    const std::size_t scheme = link.find("://");
    if (scheme == std::string_view::npos || scheme > link.find('?'))
        return link;
    const std::size_t path = link.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? std::string_view() : link.substr(path);
}

} // namespace

std::optional<PageQuery> Paginator::next() const
{
    if (done_)
        return std::nullopt;
    PageQuery page;
    const bool first = pages_ == 0;
    if (paging_.style == PageStyle::link && !first) {
        page.link = token_;
        return page;
    }
    if (!paging_.size_parameter.empty())
        page.query.push_back({paging_.size_parameter, std::to_string(paging_.size)});
    if (paging_.token_parameter.empty())
        return page;
    if (paging_.style == PageStyle::token && !first)
        page.query.push_back({paging_.token_parameter, token_});
    if (paging_.style == PageStyle::offset)
        page.query.push_back({paging_.token_parameter, std::to_string(items_)});
    if (paging_.style == PageStyle::page)
        page.query.push_back({paging_.token_parameter, std::to_string(pages_ + 1)});
    return page;
}

Result<void> Paginator::accept(const Value& answer, std::string_view link_header, std::size_t items)
{
    ++pages_;
    items_ += items;
    last_items_ = items;
    if (pages_ == 1)
        first_items_ = items;
    if (items_ > paging_.items_max)
        return Error{Errc::too_large,
                     "the listing has more than " + std::to_string(paging_.items_max) + " items"};
    if (!paging_.count.is_root()) {
        const Value* count = find(answer, paging_.count);
        const std::int64_t* number = count != nullptr ? count->if_integer() : nullptr;
        if (number != nullptr && *number >= 0)
            total_ = static_cast<std::size_t>(*number);
    }
    switch (paging_.style) {
    case PageStyle::none:
        done_ = true;
        return {};
    case PageStyle::token: {
        const Value* token = find(answer, paging_.token);
        if (token != nullptr && token->if_integer() != nullptr)
            return go_on(std::to_string(*token->if_integer()));
        return go_on(token != nullptr ? token->string_or_empty() : std::string());
    }
    case PageStyle::offset:
    case PageStyle::page:
        return go_on(is_last(items) ? std::string() : std::to_string(items_));
    case PageStyle::link:
        return accept_link(answer, link_header);
    }
    return {};
}

// Without a total it is a page that is smaller than the first: that one is as large as they get.
bool Paginator::is_last(std::size_t items) const
{
    if (items == 0)
        return true;
    if (total_)
        return items_ >= *total_;
    return pages_ > 1 && items < std::min(first_items_, paging_.size);
}

bool Paginator::accept_refusal(bool says_absent)
{
    // After a full page it may as well be a limit on how far one may look, and after several pages
    // of one size nobody knows which are full.
    const bool may_be_limit = last_items_ >= paging_.size || (pages_ > 1 && !says_absent);
    if (!guesses_end() || pages_ == 0 || may_be_limit)
        return false;
    ++pages_;
    last_items_ = 0;
    done_ = true;
    return true;
}

Result<void> Paginator::accept_link(const Value& answer, std::string_view header)
{
    std::string_view link = next_link(header);
    if (!paging_.token.is_root())
        if (const Value* in_body = find(answer, paging_.token))
            link = in_body->string_or_empty();
    if (link.empty())
        return go_on({});
    const std::string_view target = without_origin(link);
    const std::size_t query = target.find('?');
    const std::string_view path = target.substr(0, query);
    if (query == std::string_view::npos || (!path.empty() && !path_.empty() && path != path_))
        return Error{Errc::rejected, "the link to the next page leads away from the list"};
    const std::string_view next = target.substr(query + 1);
    if (!std::ranges::all_of(next, [](char c) { return c > ' ' && c <= '~' && c != '#'; }))
        return Error{Errc::rejected, "the link to the next page is not a URL"};
    return go_on(std::string(next));
}

Result<void> Paginator::go_on(std::string token)
{
    if (token.empty()) {
        done_ = true;
        return {};
    }
    if (!seen_.insert(token).second)
        return Error{Errc::rejected, "the listing repeats a page token"};
    if (pages_ >= paging_.pages_max)
        return Error{Errc::too_large,
                     "the listing has more than " + std::to_string(paging_.pages_max) + " pages"};
    token_ = std::move(token);
    return {};
}

bool Paginator::proves_absence() const
{
    if (!done_ || pages_ != 1)
        return false;
    if (total_)
        return *total_ <= items_;
    // A list that has no pages but is cut off at a size: a full answer may not be all of it.
    const bool may_be_cut = paging_.style == PageStyle::none && !paging_.size_parameter.empty();
    return !may_be_cut || last_items_ < paging_.size;
}

} // namespace trueup::rest
