// Reads objects of any kind: lists, single objects with what belongs to them, look-ups by key. What
// an Observer promises (provider.hpp), over a transport that can only read.

#pragma once

#include "api/rest/provider.hpp"
#include "api/rest/transport.hpp"

#include <map>
#include <string>
#include <vector>

namespace trueup::rest {

class Reader {
public:
    // Both outlive it.
    Reader(const Catalogue& catalogue, ReadTransport& transport)
        : catalogue_(catalogue), transport_(transport)
    {
    }

    // These do as the functions of the same name of Observer say.
    Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context);
    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context);
    Task<Result<std::vector<Observed>>>
    look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context);
    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context);

private:
    struct ObjectCall;
    struct Walked;

    Task<Result<std::optional<Observed>>> read_via_list(ObjectCall about);
    Task<Result<std::optional<Observed>>> read_directly(ObjectCall about);
    Task<Result<std::optional<Value>>>
    read_answer(const ObjectCall& about, const Operation& operation, Parameters parameters);
    Task<Result<void>> read_more(const ObjectCall& about, const ExtraRead& extra, Value& object);
    Task<Result<void>> read_each(const ObjectCall& about, const ExtraRead& extra, Value& object);
    Task<Result<Walked>> walk_until_sure(ObjectCall about, std::vector<std::string> key);
    Task<Result<Walked>> walk_once(ObjectCall about, std::vector<std::string> key);
    Task<Result<std::vector<Observed>>>
    read_matches(ObjectCall about, Walked walked, std::vector<std::string> key);

    const Catalogue& catalogue_;
    ReadTransport& transport_;
};

} // namespace trueup::rest
