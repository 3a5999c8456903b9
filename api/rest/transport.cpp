#include "api/rest/transport.hpp"

#include "state/model/json.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

constexpr int turns_max = 8; // of waiting for the bootstrap of others

bool reads_only(const Operation& operation)
{
    return operation.operation_class == OperationClass::read ||
           operation.operation_class == OperationClass::login;
}

bool uses(const Call& call, const std::vector<Bootstrap>& values)
{
    const std::vector<std::string> names = parameters_used(call);
    return std::ranges::any_of(values, [&](const Bootstrap& value) {
        return std::ranges::find(names, value.name) != names.end();
    });
}

} // namespace

std::set<std::string> readable_routes(const Catalogue& catalogue)
{
    std::set<std::string> readable;
    std::set<std::string> changing;
    const auto take = [&](const Operation& operation) {
        if (!operation.empty())
            (reads_only(operation) ? readable : changing).insert(operation.route());
    };
    for (const Kind& kind : catalogue.kinds)
        for (const Operation* operation : operations_of(kind))
            take(*operation);
    for (const Bootstrap& value : catalogue.api.bootstrap)
        take(value.call);
    if (catalogue.api.login) {
        take(catalogue.api.login->call);
        if (catalogue.api.login->refresh)
            take(*catalogue.api.login->refresh);
    }
    for (const std::string& route : changing)
        readable.erase(route);
    return readable;
}

ReadTransport::ReadTransport(const Catalogue& catalogue, std::unique_ptr<Sender> sender)
    : catalogue_(catalogue), sender_(std::move(sender)), routes_(readable_routes(catalogue))
{
    sender_->check_identity_with(
        [this](CallContext context) { return compare_tenant(std::move(context)); });
}

Result<void> ReadTransport::check(const Call& call) const
{
    const Operation& operation = *call.operation;
    if (reads_only(operation) && routes_.contains(operation.route()))
        return {};
    const std::string owner = call.kind != nullptr ? call.kind->name : std::string("the API");
    const std::string why =
        reads_only(operation) ? "the catalogue does not list it as a read"
                              : "it is of class " + std::string(name_of(operation.operation_class));
    Error error(Errc::refused,
                owner + ": the operation \"" + operation.name +
                    "\" must not be sent where only reads are allowed: " + why,
                operation.route());
    error.advice = call.kind != nullptr && !call.kind->file.empty()
                       ? "correct the kind in " + call.kind->file
                       : "correct the kind file";
    return error;
}

Task<Result<Answer>> ReadTransport::send(Call call)
{
    if (auto checked = check(call); !checked)
        co_return checked.error();
    auto added = co_await add_bootstrap(call);
    if (!added)
        co_return added.error();
    auto answer = co_await send_checked(std::move(call));
    co_return answer;
}

Task<Result<Answer>> ReadTransport::send_checked(Call call)
{
    const std::string route = call.operation->route();
    auto response = co_await sender_->send(std::move(call));
    if (!response)
        co_return response.error();
    Answer answer;
    answer.status = response->status;
    answer.link = response->header("Link");
    if (!response->body.empty()) {
        auto body = json::parse(response->body);
        if (!body) {
            Error error = body.error();
            error.message = "the answer is refused: " + error.message;
            if (!error.place.empty())
                error.message += " " + error.place; // "at byte 12"
            error.place = route;
            co_return error;
        }
        answer.body = std::move(*body);
    }
    co_return answer;
}

Task<Result<void>> ReadTransport::add_bootstrap(Call& call)
{
    if (!uses(call, catalogue_.api.bootstrap))
        co_return Result<void>{};
    CallContext context = call.context;
    context.comparison = nullptr; // that of the call, not of what is asked first
    auto values = co_await bootstrap(std::move(context));
    if (!values)
        co_return values.error();
    for (const auto& [name, value] : *values)
        call.parameters.emplace(name, value);
    co_return Result<void>{};
}

Task<Result<Parameters>> ReadTransport::bootstrap(CallContext context)
{
    for (int turn = 0; turn < turns_max; ++turn) {
        if (bootstrap_)
            co_return *bootstrap_;
        if (flight_.busy()) {
            co_await flight_.wait();
            if (!bootstrap_ && bootstrap_failure_)
                co_return *bootstrap_failure_;
            continue;
        }
        const Flight::Seat seat(flight_);
        bootstrap_failure_.reset();
        auto fetched = co_await ask_bootstrap(std::move(context));
        if (fetched) {
            bootstrap_ = std::move(*fetched);
            co_return *bootstrap_;
        }
        bootstrap_failure_ = fetched.error();
        co_return fetched.error();
    }
    co_return Error{Errc::timed_out, "the values that paths need were never fetched"};
}

// New credentials may be those of another tenant. What was planned, and what the state is bound to,
// is the old one's: nothing may be sent with them until whoever holds this starts anew.
Task<Result<void>> ReadTransport::compare_tenant(CallContext context)
{
    if (!bootstrap_)
        co_return Result<void>{}; // nothing was learnt from the old ones
    auto fresh = co_await ask_bootstrap(std::move(context));
    if (!fresh)
        co_return fresh.error();
    for (const auto& [name, value] : *bootstrap_) {
        const auto now = fresh->find(name);
        if (now != fresh->end() && now->second == value)
            continue;
        co_return Error{Errc::refused,
                        "the credentials were exchanged for those of another tenant: {" + name +
                            "} is not what it was",
                        "",
                        "put the old tenant's credentials back, or start again to have the state "
                        "checked against the new one"};
    }
    co_return Result<void>{};
}

Task<Result<Parameters>> ReadTransport::ask_bootstrap(CallContext context)
{
    Parameters values;
    for (const Bootstrap& wanted : catalogue_.api.bootstrap) {
        Call call;
        call.operation = &wanted.call;
        call.body_template = wanted.call.body;
        call.context = context;
        if (auto checked = check(call); !checked)
            co_return checked.error();
        auto answer = co_await send_checked(std::move(call));
        if (!answer)
            co_return answer.error();
        const Value* value = find(answer->body, wanted.field);
        if (value == nullptr || value->string_or_empty().empty())
            co_return Error{Errc::rejected,
                            "the answer has no " + wanted.field.text() + " for {" + wanted.name +
                                "}",
                            wanted.call.route()};
        values.emplace(wanted.name, *value);
    }
    co_return values;
}

Task<Result<HttpResponse>> FullTransport::send(Call call)
{
    auto added = co_await reads_.add_bootstrap(call);
    if (!added)
        co_return added.error();
    auto response = co_await reads_.sender_->send(std::move(call));
    co_return response;
}

} // namespace trueup::rest
