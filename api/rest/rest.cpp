#include "api/rest/rest.hpp"

#include "api/rest/reader.hpp"
#include "api/rest/transport.hpp"
#include "state/model/json.hpp"

namespace trueup {

namespace {

// Everything that reads: all of an Observer, and the reading half of a Provider. It owns a
// transport that can do nothing else.
template <class Interface>
class Reading : public Interface {
public:
    Reading(const Catalogue& catalogue, std::unique_ptr<rest::Sender> sender)
        : transport_(catalogue, std::move(sender)), reader_(catalogue, transport_)
    {
    }

    Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context) override
    {
        return reader_.list(kind, std::move(scope), std::move(sink), std::move(context));
    }
    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context) override
    {
        return reader_.read(kind, std::move(scope), std::move(uid), std::move(context));
    }
    Task<Result<std::vector<Observed>>> look_up(const Kind& kind,
                                                Scope scope,
                                                std::vector<std::string> key,
                                                CallContext context) override
    {
        return reader_.look_up(kind, std::move(scope), std::move(key), std::move(context));
    }
    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context) override
    {
        return reader_.bootstrap(std::move(context));
    }
    std::size_t requests_sent() const override { return transport_.requests_sent(); }
    ApiTraffic traffic() const override { return transport_.traffic(); }

protected:
    rest::ReadTransport transport_;

private:
    rest::Reader reader_;
};

class RestObserver final : public Reading<Observer> {
public:
    using Reading::Reading;
};

// What a prepared write looks like to the transport.
Result<rest::Call> call_of(const Kind& kind, WriteCall write, CallContext context)
{
    if (write.operation == nullptr || write.operation->empty())
        return Error{Errc::internal, "a call of " + kind.name + " has no operation"};
    const Operation& operation = *write.operation;
    if (write.has_body && operation.body && write.body == *operation.body &&
        !rest::fields_of(write.body).empty())
        return Error{Errc::internal,
                     "the body of a call of " + kind.name + " is still a template",
                     operation.route()};
    if (contains_unknown(write.body))
        return Error{
            Errc::refused, "a value of " + kind.name + " is not known yet", operation.route()};
    rest::Call call;
    call.kind = &kind;
    call.operation = &operation;
    call.parameters = std::move(write.parameters);
    if (!write.uid.empty())
        call.parameters.insert_or_assign("uid", Value(write.uid));
    if (!write.scope.uid.empty())
        call.parameters.insert_or_assign("scopeUid", Value(write.scope.uid));
    call.scope = std::move(write.scope);
    if (write.has_body)
        call.body = std::move(write.body);
    call.context = std::move(context);
    return call;
}

// The uid in the answer to a create, or "": the object exists either way.
std::string uid_in(const Path& path, const std::string& body)
{
    if (path.is_root() || body.empty())
        return {};
    const auto answer = json::parse(body);
    const Value* uid = answer ? find(*answer, path) : nullptr;
    if (uid == nullptr)
        return {};
    return uid->if_integer() != nullptr ? std::to_string(*uid->if_integer())
                                        : uid->string_or_empty();
}

class RestProvider final : public Reading<Provider> {
public:
    RestProvider(const Catalogue& catalogue, std::unique_ptr<rest::Sender> sender)
        : Reading(catalogue, std::move(sender)),
          audit_header_(catalogue.api.audit_header),
          writes_(transport_)
    {
    }

    Task<Result<Written>> write(const Kind& kind, WriteCall call, CallContext context) override
    {
        auto prepared = call_of(kind, std::move(call), std::move(context));
        if (!prepared)
            co_return prepared.error();
        auto response = co_await writes_.send(std::move(*prepared));
        if (!response)
            co_return response.error();
        Written written;
        written.status = response->status;
        written.audit_uid = response->header(audit_header_);
        co_return written;
    }

    Task<Result<Created>> create(const Kind& kind, WriteCall call, CallContext context) override
    {
        if (!kind.create)
            co_return Error{Errc::refused, kind.name + " cannot be created"};
        const std::string chosen_uid = kind.create->client_uid ? call.uid : std::string();
        auto prepared = call_of(kind, std::move(call), std::move(context));
        if (!prepared)
            co_return prepared.error();
        auto response = co_await writes_.send(std::move(*prepared));
        if (!response)
            co_return response.error();
        Created created;
        created.status = response->status;
        created.audit_uid = response->header(audit_header_);
        created.uid = uid_in(kind.create->uid, response->body);
        if (created.uid.empty())
            created.uid = chosen_uid;
        co_return created;
    }

private:
    std::string audit_header_;
    rest::FullTransport writes_;
};

} // namespace

std::unique_ptr<Provider> make_rest_provider(const Catalogue& catalogue,
                                             HttpClient& http,
                                             Clock& clock,
                                             Random& random,
                                             EventSink& events,
                                             RestOptions options)
{
    auto sender = std::make_unique<rest::Sender>(
        catalogue.api, http, clock, random, events, std::move(options));
    return std::make_unique<RestProvider>(catalogue, std::move(sender));
}

std::unique_ptr<Observer> make_rest_observer(const Catalogue& catalogue,
                                             HttpClient& http,
                                             Clock& clock,
                                             Random& random,
                                             EventSink& events,
                                             RestOptions options)
{
    auto sender = std::make_unique<rest::Sender>(
        catalogue.api, http, clock, random, events, std::move(options));
    return std::make_unique<RestObserver>(catalogue, std::move(sender));
}

} // namespace trueup
