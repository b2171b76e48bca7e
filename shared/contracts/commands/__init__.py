"""Commands of users and warehouse systems: the same bodies over HTTP and on the topic SERVICE.commands."""
