#include "api/http/message.hpp"

#include "api/http/wire.hpp"

namespace trueup {

std::string_view HttpResponse::header(std::string_view name) const
{
    for (const Header& header : headers) {
        if (same_name(header.name, name))
            return header.value;
    }
    return {};
}

} // namespace trueup
