// What every read of one object is about.

#pragma once

#include "api/rest/reader.hpp"

namespace trueup::rest {

struct Reader::ObjectCall {
    ObjectCall(const Kind& k, Scope s, std::string u, CallContext c)
        : kind(&k), scope(std::move(s)), uid(std::move(u)), context(std::move(c))
    {
    }

    const Kind* kind;
    Scope scope;
    std::string uid;
    CallContext context;
};

} // namespace trueup::rest
