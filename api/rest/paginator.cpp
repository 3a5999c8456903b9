#include "api/rest/paginator.hpp"

namespace trueup {

namespace {

// The value of the parameter `name` in the target of <...>; rel="next", or "".
std::string next_from_link(std::string_view link, const std::string& name)
{
    while (!link.empty()) {
        const std::size_t open = link.find('<');
        const std::size_t close = link.find('>', open);
        if (open == std::string_view::npos || close == std::string_view::npos)
            return {};
        const std::size_t end = std::min(link.find(',', close), link.size());
        const std::string_view target = link.substr(open + 1, close - open - 1);
        const std::string_view attributes = link.substr(close, end - close);
        if (attributes.find("rel=\"next\"") != std::string_view::npos) {
            for (const char before : {'?', '&'}) {
                const std::size_t at = target.find(before + name + "=");
                if (at == std::string_view::npos)
                    continue;
                const std::size_t start = at + name.size() + 2;
                return std::string(target.substr(start, target.find('&', start) - start));
            }
        }
        link.remove_prefix(std::min(end + 1, link.size()));
    }
    return {};
}

} // namespace

std::optional<std::vector<QueryParameter>> Paginator::next() const
{
    if (done_)
        return std::nullopt;
    std::vector<QueryParameter> query;
    if (paging_.style == PageStyle::none)
        return query;
    if (!paging_.size_parameter.empty())
        query.push_back({paging_.size_parameter, std::to_string(paging_.size)});
    if (!token_.empty())
        query.push_back({paging_.token_parameter, token_});
    return query;
}

Result<void> Paginator::accept(const Value& answer, std::size_t items, std::string_view link)
{
    ++pages_;
    items_ += items;
    if (items_ > paging_.items_max)
        return Error{Errc::too_large,
                     "the listing holds more than " + std::to_string(paging_.items_max) + " items"};
    if (!paging_.count.is_root()) {
        const Value* count = find(answer, paging_.count);
        const std::int64_t* total = count != nullptr ? count->if_integer() : nullptr;
        count_says_more_ = total != nullptr && *total > static_cast<std::int64_t>(items_);
    }
    switch (paging_.style) {
    case PageStyle::none:
        done_ = true;
        return {};
    case PageStyle::token: {
        const Value* token = find(answer, paging_.token);
        return follow(token != nullptr ? token->string_or_empty() : std::string());
    }
    case PageStyle::offset:
        return follow(items == 0 || (items < paging_.size && !count_says_more_)
                          ? std::string()
                          : std::to_string(items_));
    case PageStyle::page:
        return follow(items == 0 || (items < paging_.size && !count_says_more_)
                          ? std::string()
                          : std::to_string(pages_ + 1));
    case PageStyle::link:
        return follow(next_from_link(link, paging_.token_parameter));
    }
    return {};
}

Result<void> Paginator::follow(std::string token)
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

} // namespace trueup
