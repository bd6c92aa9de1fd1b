"""All traffic with the API server. Only this room knows the Kubernetes client and kopf."""
