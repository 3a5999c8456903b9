#include "api/kinds/kind_reader.hpp"

#include <algorithm>

namespace trueup::kinds {

namespace {

const Words<ScopeRule>& scopes()
{
    static const Words<ScopeRule> words{
        {"tenant", ScopeRule::tenant}, {"project", ScopeRule::project}, {"any", ScopeRule::any}};
    return words;
}

const Words<WhenDeleted>& endings()
{
    static const Words<WhenDeleted> words{{"remove", WhenDeleted::remove},
                                          {"leave", WhenDeleted::leave},
                                          {"reset", WhenDeleted::reset},
                                          {"entries", WhenDeleted::entries}};
    return words;
}

// Whether a key is unique in the whole tenant, and not only in its scope.
const Words<bool>& uniqueness()
{
    static const Words<bool> words{{"scope", false}, {"tenant", true}};
    return words;
}

bool is_name(const std::string& text)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && text.front() >= 'A' && text.front() <= 'Z' &&
           std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

} // namespace

KindReader::KindReader(const Entry& document,
                       const Entry& defaults,
                       const ApiRules& api,
                       Types& types,
                       std::vector<NotedCall>& noted,
                       Diagnostics& diagnostics)
    : diagnostics_(&diagnostics),
      section_(document, diagnostics, defaults),
      defaults_(defaults),
      api_(&api),
      types_(&types),
      noted_(&noted)
{
}

Kind KindReader::read()
{
    read_identity();
    read_list();
    read_read();
    read_create();
    read_facets();
    read_children();
    read_delete();
    read_absent();
    read_mark();
    read_readiness();
    section_.finish();
    check_shape();
    return std::move(kind_);
}

void KindReader::read_identity()
{
    kind_.name = section_.text("kind");
    if (!is_name(kind_.name))
        section_.error("\"" + kind_.name + "\" is not the name of a kind",
                       "letters and digits, the first one a capital: CloudAccount");
    kind_.api_version = api_->api_version;
    kind_.doc = section_.text("doc");
    if (section_.at())
        kind_.file = *section_.at().file;
    kind_.scope = section_.word("scope", scopes(), ScopeRule::tenant);
    kind_.scope_header = section_.flag("scopeHeader", true);
    kind_.is_scope = section_.flag("isScope", false);
    const std::string parent = section_.text("parent");
    if (kind_.scope != ScopeRule::tenant)
        kind_.parent = parent;
    else if (section_.states("parent"))
        section_.error("\"parent\" is only for a kind whose objects are in others",
                       "say scope: project");
    kind_.container = section_.flag("container", false);
    read_holdings();
    kind_.refuses_duplicates = section_.flag("refusesDuplicates", false);
    kind_.unique_in_tenant = section_.word("uniqueIn", uniqueness(), false);
    if (section_.states("uniqueIn") && !kind_.refuses_duplicates)
        section_.error("\"uniqueIn\" is only for a kind with refusesDuplicates: true");
    kind_.settle = section_.duration("settle", Duration{});
    kind_.item_scope = section_.optional_path("itemScope");
    kind_.server_set = section_.paths("serverSet");
    if (const Entry builtin = section_.get("builtin"))
        kind_.builtin = condition(builtin);
    kind_.schema.type = FieldType::object;
    if (const Entry schema = section_.need("schema"))
        types_->read_members(schema, kind_.schema.fields);
    kind_.key = section_.paths("key");
    check_key();
    singleton_ = section_.flag("singleton", false);
    if (singleton_ == section_.states("key"))
        section_.error("a kind has either a \"key\" or singleton: true");
    kind_.sunset = read_sunset(section_, *diagnostics_);
}

void KindReader::read_holdings()
{
    const Entry entry = section_.get("holds");
    const Map* held = entry ? entry.value->if_map() : nullptr;
    if (entry && held == nullptr)
        complain(*diagnostics_,
                 entry,
                 "is no map from kinds to the field that says which one they are in",
                 "write holds: {Plant: spec.bed}");
    if (held != nullptr)
        for (const auto& [name, value] : *held)
            if (auto path = read_path(entry.member(name, value), *diagnostics_))
                kind_.holds.push_back({name, std::move(*path)});
    if (kind_.container && !kind_.is_scope && kind_.holds.empty())
        section_.error("a container whose content nobody can list could never be deleted",
                       "say isScope: true, or what it holds");
    kind_.container = kind_.container || !kind_.holds.empty();
}

// The key is in addresses, which are printed, and is looked for in what the API lists.
void KindReader::check_key()
{
    check_in_schema(section_, "key", kind_.key);
    for (const Path& path : kind_.key) {
        const Field* field = find_field(kind_.schema, path);
        const bool plain = field == nullptr || field->type == FieldType::string ||
                           field->type == FieldType::integer;
        if (!plain)
            complain(*diagnostics_,
                     section_.get("key"),
                     "\"" + path.text() + "\" is neither a string nor an integer");
        else if (field != nullptr && (field->sensitive || field->write_only || field->server_set))
            complain(
                *diagnostics_,
                section_.get("key"),
                "\"" + path.text() +
                    "\" identifies objects, so it cannot be sensitive, writeOnly or serverSet");
        else if (field != nullptr && field->default_value && field->default_value->is_null())
            complain(*diagnostics_,
                     section_.get("key"),
                     "\"" + path.text() + "\" identifies objects, so its default cannot be null");
    }
}

CallRules KindReader::rules(std::string name, OperationClass operation_class, About about) const
{
    CallRules rules(std::move(name), operation_class);
    for (const Bootstrap& bootstrap : api_->bootstrap)
        rules.parameters.insert(bootstrap.name);
    if (kind_.scope != ScopeRule::tenant)
        rules.parameters.insert("scopeUid");
    if (about != About::collection)
        for (const Path& key : kind_.key)
            rules.parameters.insert("key:" + key.text());
    if (about == About::object && !singleton_)
        rules.parameters.insert("uid");
    return rules;
}

Operation KindReader::call(Section& section, const CallRules& rules)
{
    return read_call(section, rules, kind_.name + " " + rules.name, *noted_, *diagnostics_);
}

Operation KindReader::single_call(const Entry& at, const CallRules& rules)
{
    Section section(at, *diagnostics_, {}, "call");
    Operation operation = call(section, rules);
    section.finish();
    return operation;
}

std::vector<Operation> KindReader::steps(Section& section, const std::string& name)
{
    std::vector<Operation> operations;
    if (const Entry then = section.get("then"))
        for (const Entry& item : kinds::read_list(then))
            operations.push_back(
                single_call(item, rules(name + " then", OperationClass::action, About::object)));
    return operations;
}

std::optional<Condition> KindReader::condition(const Entry& at)
{
    Section section(at, *diagnostics_);
    Condition condition;
    section.need("path");
    condition.path = section.path("path");
    if (const Entry values = section.need("is"))
        for (const Entry& item : kinds::read_list(values))
            condition.any_of.push_back(*item.value);
    section.finish();
    if (condition.path.is_root() || condition.any_of.empty())
        return std::nullopt;
    return condition;
}

void KindReader::read_delete()
{
    kind_.when_deleted = section_.word("whenDeleted", endings(), WhenDeleted::remove);
    kind_.gone_within = section_.duration("goneWithin", Duration{});
    if (section_.states("delete")) {
        Section section(
            section_.get("delete"), *diagnostics_, section_.get_default("delete"), "call");
        kind_.remove = call(section, rules("delete", OperationClass::idempotent, About::object));
        section.finish();
    }
    if (const Entry reset = section_.get("resetTo")) {
        kind_.reset_to = *reset.value;
        check_value(kind_.schema, reset, *diagnostics_);
    }
    const auto wrong = [&](bool mistake, const std::string& what) {
        if (mistake)
            section_.error(what);
    };
    wrong(singleton_ && !section_.states("whenDeleted"),
          "a singleton says whenDeleted: leave, reset or entries");
    wrong(singleton_ && kind_.remove.has_value(), "a singleton has no \"delete\"");
    wrong(!singleton_ && !kind_.remove && kind_.when_deleted == WhenDeleted::remove,
          "\"delete\" is missing; without one, say whenDeleted: leave");
    wrong((kind_.when_deleted == WhenDeleted::reset) != kind_.reset_to.has_value(),
          "whenDeleted: reset and \"resetTo\" need each other");
    wrong(kind_.when_deleted == WhenDeleted::entries && !section_.states("children"),
          "whenDeleted: entries needs \"children\"");
}

void KindReader::read_absent()
{
    Section section(section_.get("absent"), *diagnostics_, section_.get_default("absent"));
    if (const Entry statuses = section.get("statuses"))
        kind_.absent.statuses = read_statuses(statuses);
    kind_.absent.codes = section.texts("codes");
    kind_.absent.messages = section.texts("messages");
    if (const Entry state = section.get("state"))
        kind_.absent.state = condition(state);
    section.finish();
}

void KindReader::read_mark()
{
    const Entry mark = section_.get("mark");
    if (!mark)
        return;
    Section section(mark, *diagnostics_, section_.get_default("mark"));
    MarkPlace place;
    if (section.need("map") && section.need("owner") && section.need("address")) {
        place.map = section.path("map");
        place.owner_key = section.text("owner");
        place.address_key = section.text("address");
        const Field* map = find_field(kind_.schema, place.map);
        if (map == nullptr || map->type != FieldType::map)
            section_.error("the mark's place \"" + place.map.text() +
                               "\" is no map of this kind's schema",
                           "say mark: null where the API can keep none");
        kind_.mark = std::move(place);
    }
    section.finish();
}

void KindReader::read_readiness()
{
    const Entry at = section_.get("readiness");
    if (!at)
        return;
    Section section(at, *diagnostics_);
    Readiness readiness;
    section.need("state");
    readiness.state = section.path("state");
    const auto values = [&](std::string_view name, std::vector<Value>& into) {
        if (const Entry list = section.get(name))
            for (const Entry& item : kinds::read_list(list))
                into.push_back(*item.value);
    };
    section.need("ready");
    values("ready", readiness.ready);
    values("pending", readiness.pending);
    values("failed", readiness.failed);
    if (const Entry state = section.get("call"))
        readiness.call =
            single_call(state, rules("readiness", OperationClass::read, About::object));
    if (const Entry start = section.get("start"))
        readiness.start = single_call(start, rules("start", OperationClass::action, About::object));
    readiness.interval = section.duration("interval", readiness.interval);
    readiness.deadline = section.duration("deadline", readiness.deadline);
    section.finish();
    kind_.readiness = std::move(readiness);
}

void KindReader::check_in_schema(Section& section,
                                 std::string_view name,
                                 const std::vector<Path>& paths)
{
    for (const Path& path : paths) {
        bool below_open = false;
        if (find_field(kind_.schema, path, &below_open) == nullptr && !below_open)
            complain(*diagnostics_,
                     section.get(name),
                     "the schema has no field \"" + path.text() + "\"");
    }
}

} // namespace trueup::kinds
