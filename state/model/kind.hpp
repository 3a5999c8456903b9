// How one type of resource looks and how it is listed, created, read, changed and deleted: data,
// read from a kind catalogue (docs/kinds.md). No code anywhere knows a kind by its name.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/path.hpp"
#include "state/model/value.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// ---- Schema
// ------------------------------------------------------------------------------------------

enum class FieldType { string, boolean, integer, number, object, map, list, any };

enum class ListOrder {
    ordered,   // the order means something
    unordered, // a set: compared without order
    keyed,     // elements are matched by the value of their key field
};

enum class Normaliser { trim, lower_case, number, quantity, time, embedded_yaml, embedded_json };

// One field of a kind's schema. A manifest is written in this shape; where the API reads it back
// under another path, `read_from` says so, and the codec turns answers into this shape.
struct Field {
    std::string name;
    FieldType type = FieldType::string;
    std::string doc;
    bool required = false;
    bool sensitive = false;     // a Secret whatever its source; masked on read
    std::string sensitive_when; // a boolean beside it: while that is true, it is a secret; ""
    bool write_only = false;    // never read back: compared with what was last applied
    bool immutable = false;     // a change needs a replace
    bool create_only = false;   // sent on create, never compared or sent later
    bool server_set = false;    // the server alone writes it: may be referenced, not declared
    bool embedded_text = false; // ${VAR} is not substituted in it unless asked
    bool open = false;          // object only: unknown entries are allowed and kept
    bool partial = false; // map or keyed list: others may add entries; only declared ones are ours
    std::vector<std::string> choices;   // enum; empty: anything
    std::string format;                 // "date-time", "" ...
    std::optional<Value> default_value; // what the server takes when it is absent
    std::vector<Field> fields;          // object: its members
    std::vector<Field> element;         // list, map: exactly one, its `name` empty
    ListOrder order = ListOrder::ordered;
    std::string element_key; // keyed lists: the member that identifies an element
    // Where answers carry it, first present wins; empty: under its own name in its parent. Absolute
    // paths in the item, except below a list element, where they are relative to the element.
    std::vector<Path> read_from;
    std::vector<Normaliser> normalise;
    std::string refers_to; // the kind whose uid this string holds; "" for none

    const Field* find(std::string_view member) const;
    // What the server takes when it is absent, or null: nobody knows, or it makes something up.
    const Value* known_default() const
    {
        return default_value && !default_value->is_null() ? &*default_value : nullptr;
    }
};

// ---- Operations
// --------------------------------------------------------------------------------------

// Decides what planning may send and what may be repeated; the HTTP method never does (design.md
// 1).
enum class OperationClass { read, login, idempotent, create, action };

std::string_view name_of(OperationClass operation_class);

// A kind or a call that is on its way out.
struct Sunset {
    std::string date; // from which on it is not there, or, deprecated, is better not used
    std::string replacement;
    bool deprecated = false; // it stays for now
};

struct QueryParameter {
    std::string name;
    std::string value; // template: "{name}" style parameters, see Operation::path
};

// One call that a kind can make. `path`, `query` and string values of `body` may hold parameters in
// braces: {uid} (of the object), {scopeUid} (of its project), {key:PATH} (a key field), {PATH} in a
// for-each read, and names from the catalogue's bootstrap such as {tenantUid}. In a body,
// {"$field": "spec.x"} is replaced by the desired value of that field.
struct Operation {
    std::string name; // "list", "create", "facet spec", ...: for messages and logs
    OperationClass operation_class = OperationClass::read;
    std::string method;
    std::string path;
    std::vector<QueryParameter> query;
    std::optional<Value> body;
    std::vector<int> success; // empty: any 2xx
    std::optional<Sunset> sunset;

    // "GET /v1/roles/{uid}": what logs show, never a raw URL.
    std::string route() const { return method + " " + path; }
    bool empty() const { return method.empty(); }
};

struct Condition {
    Path path;
    std::vector<Value> any_of;
    // True when the value at `path` is one of `any_of`.
    bool holds(const Value& item) const;
};

enum class PageStyle { none, token, offset, page, link };

struct Paging {
    PageStyle style = PageStyle::none;
    Path token;                  // token: where the next token is in the answer
    std::string token_parameter; // token, offset, page: the query parameter that asks for a page
    std::string size_parameter;  // "" : not sent
    std::size_t size = 50;
    Path count; // where the total is; root: nowhere
    // The answers to a later page which say that the server has let go of the listing.
    std::vector<int> expired_statuses{410};
    std::vector<std::string> expired_codes;
    std::size_t pages_max = 20'000;
    std::size_t items_max = 1'000'000;
};

struct ListCall {
    Operation call;
    Path items;                  // root: the answer is the array
    Path uid;                    // inside an item
    std::vector<Condition> only; // items that fail one of these are of another kind
    Paging paging;
    bool index_only = false;       // items do not carry every field: read each one that matters
    std::vector<Path> covers;      // with index_only: the fields that they do carry
    std::optional<Path> unchanged; // an item whose value here is as before has not changed
    std::vector<QueryParameter> narrow; // query that narrows the list to one natural key
    std::optional<Value> narrow_body;   // or the body that does
    bool can_narrow() const { return !narrow.empty() || narrow_body.has_value(); }
};

// A further read whose answer is grafted onto the object.
struct ExtraRead {
    Operation call;
    Path from; // inside the answer
    Path into; // inside the object, or inside each element with `for_each`
    std::optional<Path>
        for_each; // a list in the object: one call an element, {name} from the element
    // With for_each: only for elements in which this is present and not empty.
    std::optional<Path> when;
};

struct Absent {
    std::vector<int> statuses{404};
    std::vector<std::string> codes;    // error codes, whatever the status
    std::vector<std::string> messages; // parts of error messages
    std::optional<Condition> state;    // a body that says "deleted"
};

struct ReadCall {
    Operation call; // empty: read via the list
    Path into;      // where the answer goes in the object; root for most
    std::vector<ExtraRead> more;
};

struct CreateCall {
    Operation call;
    Path uid;                       // inside the answer; root: the answer has none, look it up
    std::vector<Operation> then;    // further steps, such as publish
    std::optional<Path> client_uid; // the uid is chosen by us: it is the value of this field
};

enum class BodyShape {
    whole,         // the facet's fields in place: {"metadata": ..., "spec": ...}
    bare,          // the content of the facet's one field
    partial,       // only what changed, in place
    json_patch,    // [{"op", "path", "value"}]
    merge_patch,   // what changed, null for what goes
    body_template, // Operation::body with its {"$field": ...} replaced
};

// A group of fields that one call writes.
struct Facet {
    std::string name;
    std::vector<Path> fields;
    Operation call;
    BodyShape shape = BodyShape::whole;
    bool read_modify_write =
        true;                    // unmanaged fields go back as they were read, less server-set ones
    std::vector<Operation> then; // such as publish
};

// A keyed collection inside a resource whose entries are written by calls of their own.
struct ChildSet {
    Path field; // a keyed list or a map of the schema
    Operation add;
    Operation change;
    Operation remove;
    Path body; // where the array of entries stands in the body; root: the body is the array
};

enum class WhenDeleted {
    remove,  // the delete call
    leave,   // a singleton that stays as it is
    reset,   // a singleton that goes back to stated values
    entries, // the entries that we own are removed, the container stays
};

enum class ScopeRule { tenant, project, any };

// Objects of a kind that are inside those of another one, in the same scope, because a field of
// theirs holds its uid.
struct Holding {
    std::string kind;
    Path field; // a string, or a list of them
};

struct MarkPlace {
    Path map; // metadata.annotations
    std::string owner_key;
    std::string address_key;
};

struct Readiness {
    Path state;
    std::vector<Value> ready;
    std::vector<Value> pending;
    std::vector<Value> failed;
    std::optional<Operation> call;  // where the state is, when not in the object itself
    std::optional<Operation> start; // a call that starts it, after each write
    Duration interval = std::chrono::seconds(10);
    Duration deadline = std::chrono::minutes(30);
};

struct Kind {
    std::string name;
    std::string api_version; // what manifests say, such as palette/v1
    std::string doc;
    ScopeRule scope = ScopeRule::tenant;
    bool scope_header = true; // false: never send the scope header (kinds.md a.1)
    bool is_scope = false;    // its objects are the scopes of others (a project)
    std::string parent;    // the kind whose objects are its scopes; "": the tenant is the only one
    Field schema;          // an object: metadata, spec
    std::vector<Path> key; // natural key; empty for a singleton
    bool refuses_duplicates =
        false;                     // the server is known to refuse a second object of the same key
    bool unique_in_tenant = false; // ... in any of its scopes, and not only within one
    Duration settle{};             // how long a late effect or a stale read is possible
    std::optional<ListCall> list;
    ReadCall read;
    std::optional<CreateCall> create;
    std::vector<Facet> facets; // in the order in which they are written
    std::vector<ChildSet> children;
    std::optional<Operation> remove;
    WhenDeleted when_deleted = WhenDeleted::remove;
    std::optional<Value> reset_to;
    Duration
        gone_within{}; // deletion is asynchronous: how long to wait for absence; 0: it is immediate
    Absent absent;
    std::optional<MarkPlace> mark;
    std::optional<Condition> builtin; // items that are the system's own
    std::optional<Path>
        item_scope; // where an item says its scope: "tenant", "project" or a project uid
    std::vector<Path> server_set; // removed from bodies of read-modify-write
    std::optional<Readiness> readiness;
    bool container =
        false; // holds other resources: deleted only when all of them are ours and go too
    std::vector<Holding> holds; // what it holds besides the objects whose scope it is
    std::optional<Sunset> sunset;
    std::string file; // where it was read from, for messages

    bool is_singleton() const { return key.empty(); }
};

// Every call that the kind can make; some may be empty.
std::vector<const Operation*> operations_of(const Kind& kind);

// ---- Catalogue
// ---------------------------------------------------------------------------------------

struct RateRule {
    std::string prefix; // of the path; the longest match wins
    double per_second = 10;
    double burst = 50;
};

// A value that many paths need, fetched once: {tenantUid}.
struct Bootstrap {
    std::string name;
    Operation call;
    Path field;
};

struct LoginRules {
    Operation call;                   // body template with {email}, {org}, {password}
    std::optional<Operation> refresh; // path with {token}
    Path token;                       // in the answer
    std::string header;               // "Authorization"
    Duration lifetime = std::chrono::minutes(15);
};

struct ApiRules {
    std::string api_version;  // palette/v1
    std::string key_header;   // "ApiKey"
    std::string scope_header; // "ProjectUid"
    std::string audit_header; // "AuditUid"
    std::optional<LoginRules> login;
    Path error_code;
    Path error_message;
    Path error_ref;
    std::vector<RateRule> rates;
    double default_rate = 10;
    double default_burst = 50;
    std::vector<Bootstrap> bootstrap;
    std::string tenant_parameter; // the bootstrap name that identifies the tenant: "tenantUid"
};

struct Catalogue {
    ApiRules api;
    std::vector<Kind> kinds; // sorted by name

    const Kind* find(std::string_view name) const;
    std::vector<std::string> names() const;
};

} // namespace trueup
