// The rules of the sandbox: which routes there are, what each keeps and shows, and what it refuses.
//
// They are data (rules/*.yaml), written from the API's documents and shared with nothing on the
// client's side. docs/sandbox.md explains the notation.

#pragma once

#include "api/sandbox/body_type.hpp"
#include "api/sandbox/embedded.hpp"
#include "api/sandbox/expression.hpp"
#include "state/model/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace trueup::sandbox {

// A path that may pass through lists: "spec.teams[].roles[]".
class ListPath {
public:
    static Result<ListPath> parse(std::string_view text);

    // Every value there; what is not there is left out.
    std::vector<Value*> in(Value& root) const;
    std::vector<const Value*> in(const Value& root) const;

private:
    std::vector<Path> steps_; // between the lists
};

enum class Deed {
    list,
    create,
    read,
    update,
    remove,
    entries,
    json_patch,
    check,
    user_info,
    login,
    refresh
};
enum class Scope { tenant, both };
enum class ProjectHeader { refuse, ignore };
enum class Metadata { untouched, whole, bare, present };
enum class EntriesHow { add, replace, upsert, change, remove };

// Sets the field at `path` to the value, or removes it when that is absent.
struct Setter {
    Path path;
    Expression value;
};

struct Reference {
    ListPath at; // in the body
    std::string to;
};

struct Mask {
    ListPath in; // the maps that hold the field
    std::string field;
    std::string as;   // "********" unless the rule says otherwise
    std::string when; // another field of that map that must be true; "" : always
};

// One criterion of a search body.
struct Criterion {
    enum class By { string, one_of, equals, version, tags };

    std::string name;
    Expression in;
    By by = By::string;
};

// An operation on a collection that is kept inside an object, such as macros.
struct Entries {
    EntriesHow how = EntriesHow::replace;
    Path at;          // in the object
    std::string from; // in the body
    std::string key;
    std::string duplicates; // the code for an entry that exists already
    std::optional<Expression> keep;
};

// When `when` holds, `need` must be there.
struct Check {
    Expression when;
    Expression need;
    std::string field;
};

struct Collection;

struct Route {
    std::string method;
    std::string path;               // "/v1/roles/{uid}"
    std::vector<std::string> steps; // "v1", "roles", "{uid}"
    Deed deed = Deed::read;
    const Collection* collection = nullptr;

    std::optional<BodyType> body;
    Metadata metadata = Metadata::untouched;
    std::vector<Setter> set;
    std::vector<Reference> references;
    std::optional<Expression> show;
    std::optional<Expression> needs;           // absent: 404
    std::vector<std::pair<Path, Value>> where; // what an object of this route has
    std::optional<Expression> patches;         // json_patch: the document that is patched
    std::optional<Entries> entries;
    int status = 0; // of success; 0: the usual one

    bool paged = false;
    bool ordered = false;
    bool filtered = false;
    std::vector<Path> filters;                       // fields that `filters` may name
    std::vector<std::pair<std::string, Path>> query; // parameters that select by equality
    std::vector<Criterion> search;
    std::vector<std::pair<std::string, Path>> sort;

    // True when a call of this route is meant to change something.
    bool writes() const;
};

struct Collection {
    std::string name;
    Scope scope = Scope::tenant;
    ProjectHeader project_header = ProjectHeader::ignore;
    bool sees_tenant = false; // a project's lists show the tenant's objects too
    bool singleton = false;
    std::vector<Path> key;
    std::string duplicates; // the code for a second object of the same key; "" : allowed
    std::string container;  // the query parameter that deletes what the object contains
    std::optional<std::pair<Path, Value>> built_in; // which objects may not be changed
    std::optional<Path> only_one;                   // a flag that at most one object of a scope has
    std::vector<Mask> masks;
    std::vector<std::pair<Path, Expression>> immutable; // body field, what it must equal
    std::vector<Check> checks;

    struct Drop {
        std::string from;
        ListPath at;
        std::string key;
    };
    std::vector<Drop> drops; // where else a deleted object is forgotten

    struct Join {
        Expression each; // uids
        std::string in;
        Path at;
    };
    std::optional<Join> join; // whom a created object joins

    std::vector<std::pair<std::string, Path>> entry_lists; // what count() can count inside objects
    std::vector<Value> seeds;
    std::optional<Expression> seed_as;
    std::vector<Route> routes;
};

struct Rules {
    std::vector<std::unique_ptr<const Collection>> collections;

    const Collection* find(const std::string& name) const;
};

// Reads every rule file. Fails with invalid_input, naming file and rule.
Result<Rules> read_rules(std::span<const EmbeddedRule> files);

} // namespace trueup::sandbox
