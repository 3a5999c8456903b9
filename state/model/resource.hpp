// A resource as the API shows it, and where it lives.

#pragma once

#include "state/model/address.hpp"
#include "state/model/kind.hpp"
#include "state/model/value.hpp"

#include <optional>
#include <string>

namespace trueup {

// Where a request acts: the tenant, or one project. An argument of each request, never of a client.
struct Scope {
    Scope() = default; // the tenant
    Scope(std::string project_name, std::string project_uid)
        : project(std::move(project_name)), uid(std::move(project_uid))
    {
    }

    std::optional<std::string> project; // nothing: the tenant
    std::string uid;                    // of the project; "" for the tenant

    bool operator==(const Scope&) const = default;
    auto operator<=>(const Scope&) const = default;
};

// What trueup writes into a remote object to show that it owns it.
struct Mark {
    Mark(std::string o, std::string a) : owner(std::move(o)), address(std::move(a)) {}

    std::string owner;
    std::string address; // hash of the address, see address_mark

    bool operator==(const Mark&) const = default;
};

// The part of a mark that binds it to an address: the first 32 hex digits of its SHA-256.
std::string address_mark(const Address& address);

// An object of the API in the shape of its kind's schema. Fields that the schema does not know are
// dropped, except from `raw`.
struct Observed {
    Observed() = default;

    std::string uid;
    Value value; // write shape: metadata, spec. Sensitive fields hold what was read (a mask)
    std::optional<Mark> mark;   // any owner's
    bool builtin = false;       // the system's own: may be referenced, never changed
    bool foreign_scope = false; // it belongs to another scope than the one listed
    bool complete = true;       // false: from a list that does not carry every field
    Value raw;                  // the answer as it came; only from a read of one object
    Value version;              // the value at ListCall::unchanged; null when the kind has none
};

// The values of the kind's key fields in `value`, in order; fewer when one is missing. A missing
// optional key field takes its schema default.
std::vector<std::string> key_of(const Kind& kind, const Value& value);

// The natural key that an address spells out.
std::vector<std::string> key_of(const Kind& kind, const Address& address);

// The address of an object of `kind` in `scope`.
Address address_of(const Kind& kind, const std::optional<std::string>& project, const Value& value);

// The address of the object that is the scope `name` of objects of `kind`, which has a parent.
Address scope_address(const Kind& kind, const std::string& name);

} // namespace trueup
