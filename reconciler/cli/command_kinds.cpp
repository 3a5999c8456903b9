// kinds list, show and check.

#include "api/kinds/catalogue.hpp"
#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/workspace.hpp"
#include "state/model/json.hpp"

#include <fstream>
#include <sstream>

namespace trueup {

namespace {

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

std::string scope_word(ScopeRule rule)
{
    switch (rule) {
    case ScopeRule::tenant:
        return "tenant";
    case ScopeRule::project:
        return "project";
    case ScopeRule::any:
        return "tenant or project";
    }
    return "tenant";
}

std::string key_text(const Kind& kind)
{
    std::string text;
    for (const Path& path : kind.key)
        text += (text.empty() ? "" : " + ") + path.text();
    return text.empty() ? "one in its scope" : text;
}

std::string type_word(const Field& field)
{
    static constexpr std::string_view names[] = {
        "string", "boolean", "integer", "number", "object", "map", "list", "any"};
    std::string word(names[static_cast<std::size_t>(field.type)]);
    if (!field.element.empty())
        word += " of " + type_word(field.element.front());
    if (field.type == FieldType::list && field.order == ListOrder::unordered)
        word += ", in any order";
    if (field.type == FieldType::list && field.order == ListOrder::keyed)
        word += ", keyed by " + field.element_key;
    return word;
}

void print_field(const Field& field, const std::string& indent)
{
    std::string line = indent + field.name + ": " + type_word(field);
    if (field.required)
        line += ", required";
    if (field.sensitive)
        line += ", sensitive";
    if (field.write_only)
        line += ", write-only";
    if (field.immutable)
        line += ", immutable";
    if (field.create_only)
        line += ", on create only";
    if (field.server_set)
        line += ", set by the server";
    if (!field.refers_to.empty())
        line += ", uid of " + field.refers_to;
    if (field.default_value && field.default_value->is_null())
        line += ", no default to reset to";
    else if (field.default_value)
        line += ", default " + json::write(*field.default_value);
    for (std::size_t i = 0; i < field.choices.size(); ++i)
        line += (i == 0 ? ": " : " | ") + field.choices[i];
    print(line + "\n");
    if (!field.doc.empty())
        print(indent + "  # " + field.doc + "\n");
    const std::vector<Field>& inner =
        field.element.empty() ? field.fields : field.element.front().fields;
    for (const Field& member : inner)
        print_field(member, indent + "  ");
}

void print_call(std::string_view what, const Operation& call)
{
    if (!call.empty())
        print("  " + std::string(what) + ": " + call.route() + " [" +
              std::string(name_of(call.operation_class)) + "]\n");
}

void print_kind(const Kind& kind)
{
    print(kind.name + " (" + kind.api_version + ")\n");
    if (!kind.doc.empty())
        print("  " + kind.doc + "\n");
    print("scope: " + scope_word(kind.scope) + "\nidentified by: " + key_text(kind) +
          "\nfields:\n");
    for (const Field& field : kind.schema.fields)
        print_field(field, "  ");
    print("calls:\n");
    if (kind.list)
        print_call("list", kind.list->call);
    print_call("read", kind.read.call);
    if (kind.create) {
        print_call("create", kind.create->call);
        for (const Operation& step : kind.create->then)
            print_call("then", step);
    }
    for (const Facet& facet : kind.facets) {
        print_call("update " + facet.name, facet.call);
        for (const Operation& step : facet.then)
            print_call("then", step);
    }
    for (const ChildSet& set : kind.children) {
        print_call("add to " + set.field.text(), set.add);
        print_call("change in " + set.field.text(), set.change);
        print_call("remove from " + set.field.text(), set.remove);
    }
    if (kind.remove)
        print_call("delete", *kind.remove);
}

} // namespace

int run_kinds_list(Settings& settings)
{
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    std::size_t width = 0;
    for (const Kind& kind : workspace.catalogue.kinds)
        width = std::max(width, kind.name.size());
    for (const Kind& kind : workspace.catalogue.kinds) {
        std::string scope = scope_word(kind.scope);
        print(kind.name + std::string(width - kind.name.size() + 2, ' ') + scope +
              std::string(19 - scope.size(), ' ') + key_text(kind) + "\n");
    }
    return 0;
}

int run_kinds_show(Settings& settings)
{
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    const Kind* kind = workspace.catalogue.find(settings.name);
    if (kind == nullptr)
        return fail(Error{Errc::invalid_input,
                          "there is no kind " + settings.name,
                          "",
                          did_you_mean(settings.name, workspace.catalogue.names())});
    print_kind(*kind);
    return 0;
}

int run_kinds_check(Settings& settings)
{
    Workspace workspace;
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    std::string line = std::to_string(workspace.catalogue.kinds.size()) + " kinds are well formed";
    if (!settings.spec.empty()) {
        std::ifstream in(settings.spec, std::ios::binary);
        if (!in)
            return fail(Error{Errc::invalid_input, "the document cannot be read", settings.spec});
        std::stringstream text;
        text << in.rdbuf();
        Diagnostics findings;
        auto checked = check_against_swagger(workspace.catalogue, text.str(), findings);
        if (!checked)
            return fail(checked.error());
        findings.sort();
        print_diagnostics(findings);
        if (findings.has_errors())
            return fail(Error{Errc::invalid_input,
                              std::to_string(findings.error_count()) + " findings against " +
                                  settings.spec});
        line += " and agree with " + settings.spec;
    }
    print(line + ".\n");
    return 0;
}

} // namespace trueup
