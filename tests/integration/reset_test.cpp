// Goes over every field of every kind that ships, as the kinds themselves tell it: what `null` does
// to it, and whether that comes to rest.

#include "tests/integration/live_api.hpp"
#include "tests/integration/world.hpp"
#include "tests/support/catalogues.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

using namespace trueup;
using namespace trueup::test;

namespace {

// The names that lead to a field; these two stand for the one element of a list and the one entry
// of a map.
using Way = std::vector<std::string>;
const std::string element_step = "[]";
const std::string entry_step = "{}";
const std::string entry_name = "entry";

struct Case {
    const Kind* kind = nullptr;
    Way way;

    std::string text() const
    {
        std::string text = kind->name;
        for (const std::string& step : way)
            text += (&step == &way.front() ? " " : ".") + step;
        return text;
    }
};

Value look_up(const std::string& kind)
{
    Map directive;
    directive.set("$lookup", Value(kind));
    if (kind == "User")
        directive.set("spec.emailId", Value("operator@example.com"));
    else
        directive.set("name", Value(kind == "Role" ? "Project Viewer" : "lab"));
    return directive;
}

bool is_declarable(const Field& field)
{
    return !field.server_set && !field.create_only;
}

// A value that is allowed and, where there is a choice, not the default.
Value plain_sample(const Field& field)
{
    if (!field.refers_to.empty())
        return look_up(field.refers_to);
    switch (field.type) {
    case FieldType::boolean:
        return Value(!(field.default_value && *field.default_value == Value(true)));
    case FieldType::integer:
    case FieldType::number:
        return Value(7);
    default:
        break;
    }
    if (field.name == "type" && field.choices == std::vector<std::string>{"system", "user"})
        return Value("user"); // nobody but the API makes the others
    for (const std::string& choice : field.choices)
        if (!field.default_value || !(*field.default_value == Value(choice)))
            return Value(choice);
    if (!field.choices.empty())
        return Value(field.choices.front());
    return Value(field.format == "date-time" ? "2027-03-01T12:00:00Z" : "subject");
}

enum class Amount { needed, all };

Value sample(const Field& field, Amount amount)
{
    if (field.type == FieldType::object) {
        Map members;
        for (const Field& member : field.fields)
            if (is_declarable(member) && (amount == Amount::all || member.required))
                members.set(member.name, sample(member, amount));
        return members;
    }
    if (field.type == FieldType::list)
        return List{sample(field.element.front(), amount)};
    if (field.type == FieldType::map) {
        Map entries;
        entries.set(entry_name, sample(field.element.front(), amount));
        return entries;
    }
    return plain_sample(field);
}

// Puts `leaf` at the end of `way`, with what is needed around it.
void place(const Field& field, Value& at, std::span<const std::string> way, const Value& leaf)
{
    if (way.empty()) {
        at = leaf;
        return;
    }
    if (way.front() == element_step) {
        if (at.if_list() == nullptr)
            at = List{sample(field.element.front(), Amount::needed)};
        place(field.element.front(), at.if_list()->front(), way.subspan(1), leaf);
        return;
    }
    if (at.if_map() == nullptr)
        at = field.type == FieldType::map ? Value(Map{}) : sample(field, Amount::needed);
    const bool is_entry = way.front() == entry_step;
    const Field& next = is_entry ? field.element.front() : *field.find(way.front());
    place(next, (*at.if_map())[is_entry ? entry_name : way.front()], way.subspan(1), leaf);
}

const Field& field_at(const Field& field, std::span<const std::string> way)
{
    if (way.empty())
        return field;
    const bool is_inside = way.front() == element_step || way.front() == entry_step;
    return field_at(is_inside ? field.element.front() : *field.find(way.front()), way.subspan(1));
}

bool is_key(const Kind& kind, const Way& way)
{
    return std::ranges::any_of(kind.key, [&](const Path& path) { return path.names() == way; });
}

void collect(const Kind& kind, const Field& field, const Way& way, std::vector<Case>& cases);

void collect_member(const Kind& kind, const Field& member, Way way, std::vector<Case>& cases)
{
    if (!is_declarable(member) || member.immutable || is_key(kind, way))
        return;
    // `metadata:` and `spec:` with nothing below them say nothing.
    if (!member.required && way.size() > 1)
        cases.push_back({&kind, way});
    collect(kind, member, way, cases);
}

void collect(const Kind& kind, const Field& field, const Way& way, std::vector<Case>& cases)
{
    const auto below = [&](const std::string& step) {
        Way next = way;
        next.push_back(step);
        return next;
    };
    for (const Field& member : field.fields)
        collect_member(kind, member, below(member.name), cases);
    if (field.element.empty())
        return;
    const Field& element = field.element.front();
    if (field.type == FieldType::map)
        cases.push_back({&kind, below(entry_step)});
    else
        for (const Field& member : element.fields)
            if (member.name != field.element_key) {
                Way inside = below(element_step);
                inside.push_back(member.name);
                collect_member(kind, member, std::move(inside), cases);
            }
}

// What goes into the manifest beside the field, because the API wants it there.
void add_companions(const Case& field, Value& body)
{
    if (field.text() == "PasswordPolicy spec.isRegex")
        place(field.kind->schema, body, Way{"spec", "regex"}, Value(".*"));
    // Without one it comes from other fields.
    if (field.kind->name == "User")
        place(field.kind->schema, body, Way{"metadata", "name"}, Value("subject"));
}

// The manifest with `leaf` in the place of the field; without the field for nothing.
std::string manifest(const Case& field, const std::optional<Value>& leaf)
{
    const Kind& kind = *field.kind;
    Value body = sample(kind.schema, Amount::needed);
    for (const Path& path : kind.key)
        place(kind.schema, body, path.names(), Value("subject"));
    add_companions(field, body);
    if (leaf) {
        place(kind.schema, body, field.way, *leaf);
    } else {
        const Way above(field.way.begin(), field.way.end() - 1);
        place(kind.schema, body, field.way, Value());
        Value* at = &body;
        for (const std::string& step : above)
            at = step == element_step ? &at->if_list()->front() : at->if_map()->find(step);
        const std::string& last = field.way.back();
        at->if_map()->erase(last == entry_step ? entry_name : last);
    }
    Map& document = *body.if_map();
    document.set("apiVersion", Value(kind.api_version));
    document.set("kind", Value(kind.name));
    if (kind.is_singleton())
        document.set("lifecycle", Map{{"adopt", Value("takeOver")}});
    if (kind.scope == ScopeRule::project)
        document["metadata"] = Map{{"project", Value("lab")}};
    return json::write(body);
}

// What is empty or false says no more than what is not there.
Value without_empties(const Value& value)
{
    if (const Map* map = value.if_map()) {
        Map kept;
        for (const auto& [name, member] : *map)
            if (Value inner = without_empties(member); !inner.is_null())
                kept.set(name, std::move(inner));
        return kept.empty() ? Value() : Value(std::move(kept));
    }
    if (const List* list = value.if_list()) {
        List kept;
        for (const Value& item : *list)
            kept.push_back(without_empties(item));
        return kept.empty() ? Value() : Value(std::move(kept));
    }
    return value == Value("") || value == Value(false) ? Value() : value;
}

// An API in which others can be referred to, and a directory for one manifest.
class Bench {
public:
    explicit Bench(const std::shared_ptr<const sandbox::Rules>& rules) : api_(options(rules))
    {
        const std::string lab = R"({"metadata": {"name": "lab"}, "spec": {}})";
        api_.sandbox()->put_object("projects", "", lab);
        api_.sandbox()->put_object("teams", "", lab);
    }

    void write(const std::string& text) const { site_.write("subject.json", text); }
    Finished run(std::vector<std::string> arguments)
    {
        return site_.run(api_, std::move(arguments));
    }

    // All that is in the API, but for times and uids and what is empty.
    std::string world()
    {
        const auto dump = json::parse(api_.sandbox()->dump());
        REQUIRE(dump);
        return comparable(json::write(without_empties(*dump)));
    }

private:
    static SandboxOptions options(const std::shared_ptr<const sandbox::Rules>& rules)
    {
        SandboxOptions options;
        options.rules = rules;
        return options;
    }

    LiveApi api_;
    Site site_;
};

// What says that there must be nothing in the field; null for fields that cannot say that.
Value empty_of(const Field& field)
{
    if (field.type == FieldType::list)
        return List{};
    return field.type == FieldType::map ? Value(Map{}) : Value();
}

// Finds out what null does to a field.
class Judge {
public:
    explicit Judge(std::shared_ptr<const sandbox::Rules> rules) : rules_(std::move(rules)) {}

    // What is wrong about `null` in this field; "" when it does what it should. `refused` when it
    // is said to be impossible.
    std::string fault(const Case& field, bool& refused)
    {
        const Field& schema = field_at(field.kind->schema, field.way);
        Bench bench(rules_);
        if (auto wrong = settle(bench, manifest(field, sample(schema, Amount::all)), "setting it");
            !wrong.empty())
            return wrong;
        if (auto wrong = settle(bench, manifest(field, Value()), "null"); !wrong.empty()) {
            refused = wrong.find("subject.json:1:") != std::string::npos &&
                      wrong.find("cannot be null") != std::string::npos;
            return refused ? std::string() : wrong;
        }
        const std::string untouched = world_without(field);
        std::string difference = first_difference(bench.world(), untouched);
        const Value empty = empty_of(schema);
        if (!difference.empty() || empty.is_null())
            return difference;
        if (auto wrong = settle(bench, manifest(field, empty), "emptying it"); !wrong.empty())
            return wrong;
        return first_difference(bench.world(), untouched);
    }

private:
    // Applies a manifest, which must leave nothing to do.
    static std::string settle(Bench& bench, const std::string& text, const std::string& what)
    {
        bench.write(text);
        const Finished applied = bench.run({"apply", "--yes"});
        if (applied.exit_code != 0)
            return what + " fails\n" + applied.out + applied.err;
        const Finished rest = bench.run({"plan", "--detailed-exitcode"});
        if (rest.exit_code != 0)
            return what + " does not come to rest\n" + rest.out + rest.err;
        return {};
    }

    // The world of an object in which the field was never declared. Fields beside each other share
    // one.
    const std::string& world_without(const Case& field)
    {
        const std::string text = manifest(field, std::nullopt);
        const auto [it, is_new] = worlds_.emplace(text, "");
        if (is_new) {
            Bench bench(rules_);
            const std::string wrong = settle(bench, text, "leaving it out");
            it->second = wrong.empty() ? bench.world() : wrong;
        }
        return it->second;
    }

    std::shared_ptr<const sandbox::Rules> rules_;
    std::map<std::string, std::string> worlds_;
};

std::string registry(const std::string& endpoint)
{
    return "apiVersion: palette/v1\nkind: RegistryHelm\nmetadata: {name: charts}\n"
           "spec: {endpoint: \"" +
           endpoint + "\", auth: {type: noAuth}}\n";
}

} // namespace

TEST_SUITE("integration: reset")
{
    TEST_CASE("M11: null brings every field of every kind back to what it is when left out")
    {
        const Catalogue catalogue = load_sources(shipped_sources()).catalogue;
        const auto rules = read_sandbox_rules();
        REQUIRE(rules);
        std::vector<Case> cases;
        for (const Kind& kind : catalogue.kinds)
            collect(kind, kind.schema, {}, cases);
        std::set<std::string> without_default;
        Judge judge(*rules);

        for (const Case& field : cases) {
            bool refused = false;
            const std::string wrong = judge.fault(field, refused);
            if (refused)
                without_default.insert(field.text());
            CHECK_MESSAGE(wrong.empty(), field.text(), ": ", wrong);
        }

        CHECK(cases.size() > 100);
        // What the API makes up itself; the kind says so, and so does `validate`.
        const std::set<std::string> made_up{
            "ClusterProfile spec.template.packs.[].layer",
            "ClusterProfile spec.template.packs.[].manifests.[].uid",
            "ClusterProfile spec.template.packs.[].uid",
            "ClusterProfile spec.variables.[].displayName",
            "RegistryHelm spec.name",
            "User metadata.name"};
        CHECK(without_default == made_up);
    }

    TEST_CASE("6.F: a registry without credentials is updated as any other")
    {
        LiveApi api;
        Site site;
        site.write("registry.yaml", registry("https://a.example"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("registry.yaml", registry("https://b.example"));

        const Finished updated = site.run(api, {"apply", "--yes"});

        CHECK_MESSAGE(updated.exit_code == 0, updated.out, updated.err);
        CHECK(updated.out.find("1 updated") != std::string::npos);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    TEST_CASE("6.F: a registry whose key is masked and not declared is blocked in the plan")
    {
        LiveApi api;
        Site site;
        site.write("registry.yaml", registry("https://a.example"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const std::string uid = api.sandbox()->uid_of("registries_helm", "charts");
        REQUIRE(api.sandbox()->patch_object(
            "registries_helm",
            uid,
            R"({"spec": {"auth": {"tls": {"certificate": "theirs", "key": "theirs"}}}})"));
        site.write("registry.yaml", registry("https://b.example"));
        api.sandbox()->clear_log();

        const Finished plan = site.run(api, {"plan"});
        const Finished applied = site.run(api, {"apply", "--yes"});

        CHECK(plan.out.find("secret missing") != std::string::npos);
        CHECK(plan.out.find("spec.auth.tls.key") != std::string::npos);
        CHECK(applied.exit_code == 1);
        CHECK(std::ranges::none_of(api.sandbox()->log(), &SandboxRequest::writes));
    }
}
