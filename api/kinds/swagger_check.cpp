// Compares a catalogue with the API's own description of itself.

#include "api/kinds/catalogue.hpp"
#include "api/kinds/swagger.hpp"
#include "api/kinds/swagger_kind.hpp"

#include <set>

namespace trueup {

namespace {

using kinds::KindCheck;
using kinds::Swagger;

// The calls that belong to no kind.
void check_api(const Swagger& swagger, const ApiRules& api, Diagnostics& diagnostics)
{
    const auto check = [&](const Operation& call, const Path& path) {
        const Value* described = swagger.operation(call.method, call.path);
        if (described == nullptr)
            diagnostics.error("", {}, "api " + call.name + ": the document has no " + call.route());
        else if (swagger.find(swagger.answer(*described), path) == nullptr)
            diagnostics.error("",
                              {},
                              "api " + call.name + ": \"" + path.text() +
                                  "\" is not in the answer to " + call.route());
    };
    for (const Bootstrap& bootstrap : api.bootstrap)
        check(bootstrap.call, bootstrap.field);
    if (!api.login)
        return;
    check(api.login->call, api.login->token);
    if (api.login->refresh)
        check(*api.login->refresh, api.login->token);
}

} // namespace

Result<void> check_against_swagger(const Catalogue& catalogue,
                                   std::string_view swagger,
                                   Diagnostics& diagnostics)
{
    auto document = Swagger::parse(swagger);
    if (!document)
        return document.error();
    Diagnostics found;
    check_api(*document, catalogue.api, found);
    std::set<std::string> page_parameters;
    for (const Kind& kind : catalogue.kinds)
        if (kind.list && !kind.list->paging.token_parameter.empty())
            page_parameters.insert(kind.list->paging.token_parameter);
    for (const Kind& kind : catalogue.kinds)
        KindCheck(*document, kind, page_parameters, found).run();
    std::set<std::string> said;
    for (const Diagnostic& diagnostic : found.all())
        if (said.insert(diagnostic.text()).second)
            diagnostics.add(diagnostic);
    return {};
}

} // namespace trueup
