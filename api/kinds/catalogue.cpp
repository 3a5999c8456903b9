#include "api/kinds/catalogue.hpp"

#include "api/kinds/api_reader.hpp"
#include "api/kinds/kind_reader.hpp"
#include "api/kinds/schema.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace trueup {

namespace {

using kinds::complain;
using kinds::Entry;
using kinds::NotedCall;
using kinds::Section;

struct Document {
    Document(Value v, const CatalogueSource& s) : value(std::move(v)), source(&s) {}

    Value value;
    const CatalogueSource* source;

    Entry entry() const { return {&value, &source->name, ""}; }
    bool has(std::string_view key) const
    {
        return value.if_map() != nullptr && value.if_map()->contains(key);
    }
};

// Reads the documents of a catalogue in the order in which they need each other.
class Loader {
public:
    Loader(const std::vector<CatalogueSource>& sources, Diagnostics& diagnostics)
        : diagnostics_(diagnostics), types_(diagnostics)
    {
        for (const CatalogueSource& source : sources)
            for (Value& value : yaml::parse(source.text, source.name, diagnostics))
                documents_.emplace_back(std::move(value), source);
    }

    Catalogue load()
    {
        drop_replaced_layers();
        read_common();
        read_kinds();
        check_references();
        check_scopes();
        check_holdings();
        check_classes();
        std::ranges::sort(catalogue_.kinds, {}, &Kind::name);
        return std::move(catalogue_);
    }

private:
    void drop_replaced_layers();
    void read_common();
    void read_kinds();
    void check_references();
    void check_scopes();
    void check_holdings();
    void check_classes();

    Diagnostics& diagnostics_;
    std::deque<Document> documents_;
    kinds::Types types_;
    std::vector<NotedCall> calls_;
    std::map<std::string, const Document*> kind_documents_;
    Entry defaults_;
    Catalogue catalogue_;
};

// An `api` section begins a catalogue of its own: what came in earlier layers is another API's.
void Loader::drop_replaced_layers()
{
    std::size_t first = 0;
    for (const Document& document : documents_)
        if (document.has("api"))
            first = std::max(first, document.source->layer);
    std::erase_if(documents_,
                  [&](const Document& document) { return document.source->layer < first; });
}

void Loader::read_common()
{
    Entry api;
    const auto only_one = [&](Entry& kept, const Entry& found) {
        if (found && kept)
            complain(diagnostics_, found, "a catalogue has this section only once");
        else if (found)
            kept = found;
    };
    for (const Document& document : documents_) {
        if (document.has("kind"))
            continue;
        Section section(document.entry(), diagnostics_);
        only_one(api, section.get("api"));
        only_one(defaults_, section.get("defaults"));
        if (const Entry types = section.get("types")) {
            Section all(types, diagnostics_);
            if (const Map* map = types.value->if_map())
                for (const auto& [name, value] : *map)
                    types_.add(name, types.member(name, value));
        }
        section.finish();
    }
    if (api)
        catalogue_.api = kinds::read_api(api, calls_, diagnostics_);
    else
        diagnostics_.error("", {}, "the kind catalogue has no \"api\" section");
    types_.read_all();
}

void Loader::read_kinds()
{
    for (const Document& document : documents_) {
        if (!document.has("kind"))
            continue;
        const std::string name = document.value.if_map()->find("kind")->string_or_empty();
        const Document*& kept = kind_documents_[name];
        if (kept != nullptr && kept->source->layer == document.source->layer)
            complain(diagnostics_,
                     document.entry(),
                     "there is a kind \"" + name + "\" already",
                     "it is in " + kept->source->name);
        else
            kept = &document;
    }
    if (kind_documents_.empty())
        diagnostics_.error("", {}, "the kind catalogue has no kinds");
    for (const auto& [name, document] : kind_documents_) {
        kinds::KindReader reader(
            document->entry(), defaults_, catalogue_.api, types_, calls_, diagnostics_);
        catalogue_.kinds.push_back(reader.read());
    }
}

void Loader::check_references()
{
    for (const Entry& reference : types_.references()) {
        const std::string& name = reference.value->string_or_empty();
        if (catalogue_.find(name) == nullptr)
            complain(diagnostics_,
                     reference,
                     "there is no kind \"" + name + "\"",
                     did_you_mean(name, catalogue_.names()));
    }
}

void Loader::check_scopes()
{
    std::vector<std::string> parents;
    for (const Kind& kind : catalogue_.kinds)
        if (kind.is_scope)
            parents.push_back(kind.name);
    for (const Kind& kind : catalogue_.kinds)
        if (kind.is_scope &&
            (kind.scope != ScopeRule::tenant || !kind.list || kind.key.size() != 1))
            complain(
                diagnostics_,
                kind_documents_.at(kind.name)->entry(),
                "a kind whose objects are scopes lives in the tenant, has a list, and one name "
                "for a key");
    for (Kind& kind : catalogue_.kinds) {
        if (kind.scope == ScopeRule::tenant)
            continue;
        const Entry at = kind_documents_.at(kind.name)->entry();
        if (parents.empty())
            complain(diagnostics_,
                     at,
                     "no kind says isScope: true, so there are no projects to be in",
                     "say scope: tenant");
        else if (kind.parent.empty() && parents.size() > 1)
            complain(diagnostics_,
                     at,
                     "several kinds say isScope: true, and \"" + kind.name +
                         "\" does not say in which of them it is",
                     "say parent: " + parents.front());
        else if (kind.parent.empty())
            kind.parent = parents.front();
        else if (std::ranges::find(parents, kind.parent) == parents.end())
            complain(diagnostics_,
                     at,
                     "its parent \"" + kind.parent + "\" is no kind with isScope: true",
                     did_you_mean(kind.parent, parents));
    }
}

// What a container holds is looked for in its own scope, and by a field that says so.
void Loader::check_holdings()
{
    for (const Kind& kind : catalogue_.kinds) {
        const Entry at = kind_documents_.at(kind.name)->entry();
        for (const Holding& holding : kind.holds) {
            const Kind* held = catalogue_.find(holding.kind);
            if (held == nullptr) {
                complain(diagnostics_,
                         at,
                         "it holds \"" + holding.kind + "\", which is no kind",
                         did_you_mean(holding.kind, catalogue_.names()));
                continue;
            }
            const std::string shown = "\"" + holding.field.text() + "\" of \"" + held->name + "\"";
            const Field* field = kinds::find_field(held->schema, holding.field);
            const bool is_list = field != nullptr && field->type == FieldType::list;
            const Field* text = is_list ? &field->element.front() : field;
            const bool is_read = field != nullptr && !field->write_only && !field->sensitive;
            if (text == nullptr || text->type != FieldType::string || !is_read)
                complain(diagnostics_, at, shown + " is no field that holds uids");
            if (!held->list)
                complain(diagnostics_, at, "\"" + held->name + "\" has no list to look in");
            if (kind.scope == ScopeRule::any || held->scope != kind.scope ||
                held->parent != kind.parent)
                complain(diagnostics_,
                         at,
                         "what it holds must be in its own scope, and \"" + held->name +
                             "\" may be in another");
        }
    }
}

// The dry-run transport lets calls of class read and login pass: none may be a call that changes
// something (design.md 4).
void Loader::check_classes()
{
    const auto harmless = [](const NotedCall& call) {
        return call.operation.operation_class == OperationClass::read ||
               call.operation.operation_class == OperationClass::login;
    };
    std::map<std::string, const NotedCall*> writers;
    const auto route = [](const NotedCall& call) {
        return call.operation.method + " " + kinds::anonymous_path(call.operation.path);
    };
    for (const NotedCall& call : calls_)
        if (!harmless(call))
            writers.emplace(route(call), &call);
    for (const NotedCall& call : calls_) {
        const auto writer = writers.find(route(call));
        if (!harmless(call) || writer == writers.end())
            continue;
        complain(diagnostics_,
                 call.at,
                 call.owner + " is of class " +
                     std::string(name_of(call.operation.operation_class)) + ", yet " +
                     writer->second->owner + " (" + *writer->second->at.file +
                     ") changes something by the same call");
    }
}

} // namespace

Catalogue load_catalogue(const std::vector<CatalogueSource>& sources, Diagnostics& diagnostics)
{
    Diagnostics found;
    Catalogue catalogue = Loader(sources, found).load();
    found.sort();
    // What is wrong in the defaults is met by each kind that uses them, and said once.
    std::set<std::string> said;
    for (const Diagnostic& diagnostic : found.all())
        if (said.insert(diagnostic.text()).second)
            diagnostics.add(diagnostic);
    return catalogue;
}

} // namespace trueup
