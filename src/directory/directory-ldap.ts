// The directory over LDAP: searches as the service account, proves passwords by binding as the person. It puts the parts
// together: ldap-servers (who is asked), ldap-pool (on which connection), outcomes (what a bind's answer means).
